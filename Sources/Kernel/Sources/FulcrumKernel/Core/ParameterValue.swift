/// A value that a configuration gives to a parameter.
public enum ParameterValue: Sendable, Equatable, CustomStringConvertible {
  case number(Double)
  case integer(Int)
  case flag(Bool)
  case text(String)
  case integers([Int])
  case texts([String])
  case numbers([Double])

  /// As it would be written in YAML.
  public var description: String {
    switch self {
    case .number(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .text(let value): value.isEmpty ? "\"\"" : value
    case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
    case .texts(let values): "[" + values.joined(separator: ", ") + "]"
    case .numbers(let values):
      "[" + values.map { "\($0)" }.joined(separator: ", ") + "]"
    }
  }
}
