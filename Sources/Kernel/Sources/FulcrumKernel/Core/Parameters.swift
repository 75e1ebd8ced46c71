/// A component's parameters, checked against its manual and complete with defaults.
public struct Parameters: Sendable {
  /// The place where they were given, for messages: `advantage[1]`; empty: at the top.
  public let location: String
  /// Every parameter of the manual, in its order.
  public let resolved: [(name: String, value: ParameterValue)]
  private let values: [String: ParameterValue]

  /// Checks what a configuration gives against a manual's parameters, and fills in defaults.
  ///
  /// - Throws: `.parameter` for an unknown name (with the nearest ones), a missing value, a
  ///   wrong type or a value out of range.
  public init(
    _ given: [String: ParameterValue] = [:], for schema: [Parameter], at location: String
  ) throws(FulcrumError) {
    let names = schema.map(\.name)
    for name in given.keys.sorted() where !names.contains(name) {
      throw FulcrumError(
        .parameter, "unknown parameter '\(name)'", at: Self.path(location, name),
        hint: NearNames.hint(for: name, among: names))
    }
    var resolved: [(name: String, value: ParameterValue)] = []
    for parameter in schema {
      guard let value = given[parameter.name] ?? parameter.defaultValue else {
        throw FulcrumError(
          .parameter, "expected \(parameter.expectation), got nothing",
          at: Self.path(location, parameter.name), hint: parameter.help)
      }
      guard let accepted = parameter.accept(value) else {
        throw FulcrumError(
          .parameter, "expected \(parameter.expectation), got \(value)",
          at: Self.path(location, parameter.name), hint: parameter.help)
      }
      resolved.append((parameter.name, accepted))
    }
    self.location = location
    self.resolved = resolved
    values = Dictionary(
      resolved.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  public func number(_ name: String) throws(FulcrumError) -> Double {
    guard case .number(let value)? = values[name] else { throw undeclared(name, "number") }
    return value
  }

  public func integer(_ name: String) throws(FulcrumError) -> Int {
    guard case .integer(let value)? = values[name] else { throw undeclared(name, "integer") }
    return value
  }

  public func flag(_ name: String) throws(FulcrumError) -> Bool {
    guard case .flag(let value)? = values[name] else { throw undeclared(name, "flag") }
    return value
  }

  /// A text or a choice.
  public func text(_ name: String) throws(FulcrumError) -> String {
    guard case .text(let value)? = values[name] else { throw undeclared(name, "text") }
    return value
  }

  public func integers(_ name: String) throws(FulcrumError) -> [Int] {
    guard case .integers(let value)? = values[name] else { throw undeclared(name, "integers") }
    return value
  }

  public func texts(_ name: String) throws(FulcrumError) -> [String] {
    guard case .texts(let value)? = values[name] else { throw undeclared(name, "texts") }
    return value
  }

  public func numbers(_ name: String) throws(FulcrumError) -> [Double] {
    guard case .numbers(let value)? = values[name] else { throw undeclared(name, "numbers") }
    return value
  }

  /// An error about one of these parameters, for conditions that a range can't express.
  public func refuse(_ name: String, _ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.parameter, message, at: Self.path(location, name), hint: hint)
  }

  private static func path(_ location: String, _ name: String) -> String {
    location.isEmpty ? name : "\(location).\(name)"
  }

  private func undeclared(_ name: String, _ kind: String) -> FulcrumError {
    FulcrumError(
      .pluginFault, "the component reads '\(name)' as \(kind), which its manual does not declare",
      at: location, hint: "declare it in the component's manual, or read it by its declared kind")
  }
}
