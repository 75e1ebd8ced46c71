/// The one error type that crosses the boundary between host and plugins.
///
/// The message says what was expected and what was got; the hint says the remedy.
public struct FulcrumError: Error, Sendable, Equatable, CustomStringConvertible {
  /// An open set of causes: plugins may add their own.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A configuration key or value is wrong.
    public static let configuration = Code(rawValue: "configuration")
    /// A component's parameter is unknown, missing, of a wrong type or out of range.
    public static let parameter = Code(rawValue: "parameter")
    /// A request that can't be carried out as asked.
    public static let usage = Code(rawValue: "usage")
    /// No such plugin, component or file.
    public static let notFound = Code(rawValue: "not-found")
    /// A library was refused before or while it was loaded.
    public static let pluginRefused = Code(rawValue: "plugin-refused")
    /// A plugin broke its contract: a wrong length, a NaN, an undeclared parameter.
    public static let pluginFault = Code(rawValue: "plugin-fault")
    /// Data (puzzles, tokens, tensors) is not what its format promises.
    public static let data = Code(rawValue: "data")
    /// A checkpoint is incomplete, damaged or of another model.
    public static let checkpoint = Code(rawValue: "checkpoint")
    /// The system refused to read or write.
    public static let inputOutput = Code(rawValue: "input-output")
    /// The component doesn't offer what was asked of it.
    public static let unsupported = Code(rawValue: "unsupported")
    /// A loss, gradient or weight is not finite.
    public static let notFinite = Code(rawValue: "not-finite")
    /// The component gave up its work because of a `StopRequest`.
    public static let stopped = Code(rawValue: "stopped")
  }

  public var code: Code
  /// The expectation and what was found instead, in one sentence without a full stop.
  public var message: String
  /// The place: a configuration key path, a file, a plugin. The outermost comes first.
  public var location: String?
  /// The remedy.
  public var hint: String?

  public init(_ code: Code, _ message: String, at location: String? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.location = location
    self.hint = hint
  }

  /// The same error, placed within an outer location.
  public func within(_ outer: String) -> FulcrumError {
    var copy = self
    copy.location = location.map { "\(outer): \($0)" } ?? outer
    return copy
  }

  public var description: String {
    var text = location.map { "\($0): \(message)" } ?? message
    if let hint { text += "\n  hint: \(hint)" }
    return text
  }
}
