import Foundation
import FulcrumKernel

/// A library mapped into this process. It stays until the process ends: Swift's runtime keeps
/// pointers into every image that it has seen, so `dlclose` is never called.
package struct DynamicLibrary {
  private let handle: UnsafeMutableRawPointer

  private typealias EntryFunction = @convention(c) (UnsafeMutableRawPointer) -> Void

  /// Maps a library, with all its symbols resolved at once and none of them visible to others.
  ///
  /// - Throws: a fault that names the symbol or library that is missing.
  package init(path: String) throws(PluginFault) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let cause = dlerror().map { String(cString: $0) } ?? "no cause given"
      throw Self.fault(cause, path: path)
    }
    self.handle = handle
  }

  /// Calls a plugin's entry function with the registrar.
  ///
  /// - Throws: a fault if there is no such symbol.
  func callEntry(_ symbol: String, _ registrar: PluginRegistrar) throws(PluginFault) {
    let address = try address(of: symbol)
    // The inspection found it to be a function; its signature is the plugin's promise.
    let entry = unsafeBitCast(address, to: EntryFunction.self)
    withExtendedLifetime(registrar) { entry(Unmanaged.passUnretained(registrar).toOpaque()) }
  }

  /// Returns where a function lies.
  ///
  /// - Throws: a fault if there is no such symbol.
  package func address(of symbol: String) throws(PluginFault) -> UnsafeMutableRawPointer {
    guard let address = dlsym(handle, symbol) else {
      throw PluginFault(
        "the system finds no symbol \(symbol) in it", hint: "build it again")
    }
    return address
  }

  /// Makes a fault of the system loader's words.
  private static func fault(_ cause: String, path: String) -> PluginFault {
    let reason = cause.hasPrefix(path + ": ") ? String(cause.dropFirst(path.count + 2)) : cause
    let undefined = "undefined symbol: "
    if let range = reason.range(of: undefined) {
      let symbol = reason[range.upperBound...].prefix { $0 != "," && $0 != " " }
      let isKernels = symbol.hasPrefix("$s13FulcrumKernel")
      return PluginFault(
        "it needs the symbol '\(symbol)', which neither it nor its libraries define",
        hint: isKernels
          ? "this host's kernel lacks it: rebuild the plugin against this host's kernel"
          : "link the library that defines it")
    }
    if let range = reason.range(of: ": cannot open shared object file") {
      return PluginFault(
        "it needs the library '\(reason[..<range.lowerBound])', which can't be opened",
        hint: "install it, or put its folder into LD_LIBRARY_PATH")
    }
    return PluginFault(
      "the system can't load it: \(reason)", hint: "build it again with the host's toolchain")
  }
}
