import Foundation

/// Builds one JSON object on one line, keys in the given order.
package struct JSONLine {
  package enum Value {
    case number(Double)
    case text(String)
    case flag(Bool)
    case object(JSONLine)
    case list([Value])
  }

  /// - Returns: the nearest number with so many significant digits.
  package static func rounded(_ value: Double, digits: Int) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let decimals = digits - 1 - Int(log10(abs(value)).rounded(.down))
    let scale = pow(10, Double(decimals))
    return scale.isFinite ? (value * scale).rounded() / scale : value
  }

  private var fields: [(String, Value)]

  package init(_ fields: [(String, Value)] = []) { self.fields = fields }

  package mutating func add(_ key: String, _ value: Value) { fields.append((key, value)) }

  /// The object without a line break at the end.
  package var text: String {
    "{" + fields.map { JSONWriter.quoted($0) + ": " + Self.text(of: $1) }.joined(separator: ", ")
      + "}"
  }

  private static func text(of value: Value) -> String {
    switch value {
    case .number(let number): self.number(number)
    case .text(let text): JSONWriter.quoted(text)
    case .flag(let flag): flag ? "true" : "false"
    case .object(let object): object.text
    case .list(let values): "[" + values.map(text(of:)).joined(separator: ", ") + "]"
    }
  }

  /// The shortest text that reads back as the same number; JSON has no infinities.
  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }
}
