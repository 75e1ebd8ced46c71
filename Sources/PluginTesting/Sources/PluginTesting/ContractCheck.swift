import FulcrumKernel

/// One promise that a component's protocol makes, and whether a component keeps it.
///
/// In a plugin's tests, with Swift Testing:
///
/// ```swift
/// @Test(arguments: PluginContract.checks(for: MyTransform.self))
/// func `the contract is kept`(_ check: ContractCheck) throws { try check.run() }
/// ```
public struct ContractCheck: Sendable, CustomStringConvertible {
  /// The promise, a sentence without its full stop: "an empty batch is accepted".
  public let name: String
  private let body: @Sendable () throws(FulcrumError) -> Void

  public init(_ name: String, _ body: @escaping @Sendable () throws(FulcrumError) -> Void) {
    self.name = name
    self.body = body
  }

  /// - Throws: `.pluginFault` with what was expected and what was got, if the promise is broken; what
  ///   the component throws where it must not.
  public func run() throws(FulcrumError) { try body() }

  public var description: String { name }
}
