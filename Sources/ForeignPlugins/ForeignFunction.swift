internal import CFFI
import Foundation
import FulcrumKernel

/// A function of a mapped library, with how libffi is to call it and the arguments that stay the
/// same from call to call: parameters, seed, callbacks.
///
/// Immutable once made, so that several threads may call it at once.
final class ForeignFunction: @unchecked Sendable {
  let manifest: ForeignManifest
  /// The memory around the arrays of each call.
  let edge: ForeignMemory.Edge
  /// A slot of 8 bytes for each argument; those that differ from call to call are zero.
  let constants: [UInt64]
  private let address: UnsafeMutableRawPointer
  // libffi keeps pointers into these two, so they live as long as this.
  private let interface: UnsafeMutablePointer<ffi_cif>
  private let types: UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>
  private let texts: [UnsafeMutablePointer<CChar>]
  private let log: ForeignLog?

  /// - Parameters:
  ///   - address: the symbol's, in a library that stays mapped.
  ///   - parameters: checked against the manifest's manual.
  /// - Throws: `.parameter` for a value that doesn't fit the argument's type; `.pluginFault`.
  init(
    _ manifest: ForeignManifest, address: UnsafeMutableRawPointer, edge: ForeignMemory.Edge,
    parameters: Parameters, context: ComponentContext
  ) throws(FulcrumError) {
    self.manifest = manifest
    self.address = address
    self.edge = edge
    var constants: [UInt64] = []
    var texts: [UnsafeMutablePointer<CChar>] = []
    var log: ForeignLog?
    for argument in manifest.arguments {
      switch argument.binding {
      case .parameter(let name):
        constants.append(try Self.slot(name, argument.type, parameters, &texts))
      case .quantity(.seed): constants.append(context.seed)
      case .quantity(.log):
        if log == nil {
          log = try ForeignLog("\(manifest.kind.rawValue) \(manifest.manual.name)")
        }
        constants.append(UInt64(UInt(bitPattern: log?.function)))
      case .quantity: constants.append(0)
      }
    }
    self.constants = constants
    self.texts = texts
    self.log = log

    let count = manifest.arguments.count
    types = .allocate(capacity: max(1, count))
    for (index, argument) in manifest.arguments.enumerated() {
      (types + index).initialize(to: argument.type.passing)
    }
    interface = .allocate(capacity: 1)
    interface.initialize(to: ffi_cif())
    guard
      fulcrum_ffi_prepare(interface, UInt32(count), manifest.returns.passing, types) == 1
    else {
      throw FulcrumError(
        .pluginFault, "libffi can't call a function of \(count) arguments on this machine",
        at: manifest.function)
    }
  }

  deinit {
    types.deallocate()
    interface.deallocate()
    for text in texts { free(text) }
  }

  /// Calls the function.
  ///
  /// - Parameter slots: as many as there are arguments.
  /// - Returns: the reward, or 0 where the function returns none.
  /// - Throws: `.pluginFault` for a status other than 0.
  func call(_ slots: inout [UInt64]) throws(FulcrumError) -> Double {
    // libffi widens small results to a word.
    var result = (UInt64(0), UInt64(0))
    slots.withUnsafeMutableBytes { slots in
      withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: slots.count / 8) {
        pointers in
        for index in pointers.indices { pointers[index] = slots.baseAddress.map { $0 + index * 8 } }
        fulcrum_ffi_call(interface, address, &result, pointers.baseAddress)
      }
    }
    switch manifest.returns {
    case .f64: return Double(bitPattern: result.0)
    case .f32: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: result.0)))
    case .nothing: return 0
    case .status:
      let status = Int32(truncatingIfNeeded: result.0)
      guard status == 0 else {
        throw FulcrumError(
          .pluginFault, "expected status 0 of the function \(manifest.function), got \(status)",
          hint: "the library's documentation says what its status means")
      }
      return 0
    }
  }

  private static func slot(
    _ name: String, _ type: ForeignType, _ parameters: Parameters,
    _ texts: inout [UnsafeMutablePointer<CChar>]
  ) throws(FulcrumError) -> UInt64 {
    let value = parameters.resolved.first { $0.name == name }?.value
    switch (type, value) {
    case (.f64, .number(let number)?): return number.bitPattern
    case (.f64, .integer(let number)?): return Double(number).bitPattern
    case (.f32, .number(let number)?): return UInt64(Float(number).bitPattern)
    case (.f32, .integer(let number)?): return UInt64(Float(number).bitPattern)
    case (.i64, .integer(let number)?): return UInt64(bitPattern: Int64(number))
    case (.i32, .integer(let number)?):
      guard let small = Int32(exactly: number) else {
        throw parameters.refuse(
          name, "expected what fits the argument's 32 bits, got \(number)")
      }
      return UInt64(UInt32(bitPattern: small))
    case (.i32, .flag(let flag)?), (.i64, .flag(let flag)?): return flag ? 1 : 0
    case (.utf8, .text(let text)?):
      guard let copy = strdup(text) else { preconditionFailure("the system has no memory left") }
      texts.append(copy)
      return UInt64(UInt(bitPattern: copy))
    default:
      throw parameters.refuse(name, "expected a value of type \(type.rawValue)")
    }
  }
}
