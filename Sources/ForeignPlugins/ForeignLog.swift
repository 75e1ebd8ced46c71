internal import CFFI
import Foundation
import FulcrumKernel

/// A C function `void log(const char *line)` that knows which component it speaks for.
///
/// C's logging functions often have no pointer of the caller's to carry that: libffi makes a
/// function for each component instead. Lines go to standard error, the component's name before.
final class ForeignLog {
  /// The function to hand to the foreign one; good as long as this lives.
  let function: UnsafeMutableRawPointer
  private let label: UnsafeMutablePointer<CChar>
  private let closure: UnsafeMutableRawPointer
  private let interface: UnsafeMutablePointer<ffi_cif>
  private let types: UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>

  /// - Throws: `.unsupported` if the system refuses memory that may be executed.
  init(_ name: String) throws(FulcrumError) {
    types = .allocate(capacity: 1)
    types.initialize(to: fulcrum_ffi_pointer())
    interface = .allocate(capacity: 1)
    interface.initialize(to: ffi_cif())
    var made: UnsafeMutableRawPointer?
    var code: UnsafeMutableRawPointer?
    let label = strdup(name)
    if fulcrum_ffi_prepare(interface, 1, fulcrum_ffi_void(), types) == 1 {
      code = fulcrum_ffi_closure(&made, interface, writeForeignLine, label)
    }
    guard let code, let made, let label else {
      types.deallocate()
      interface.deallocate()
      free(label)
      throw FulcrumError(
        .unsupported, "the system refuses the memory that a callback needs", at: name,
        hint: "remove the argument bound to 'log' from the manifest and from the library")
    }
    function = code
    closure = made
    self.label = label
  }

  deinit {
    ffi_closure_free(closure)
    free(label)
    types.deallocate()
    interface.deallocate()
  }
}

/// Writes a line for foreign code, on whatever thread: one write a line, so that lines don't mix.
private func writeForeignLine(
  _ interface: UnsafeMutablePointer<ffi_cif>?, _ result: UnsafeMutableRawPointer?,
  _ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ user: UnsafeMutableRawPointer?
) {
  guard let user, let argument = arguments?[0],
    let line = argument.load(as: UnsafePointer<CChar>?.self)
  else { return }
  let label = String(cString: user.assumingMemoryBound(to: CChar.self))
  var text = "\(label): \(String(cString: line))"
  if !text.hasSuffix("\n") { text += "\n" }
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
