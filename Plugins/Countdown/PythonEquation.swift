import Foundation

/// Works out an equation as Python's `eval` does where TinyZero calls it: with digits, points,
/// `+ - * / ( )` and white space, and so with `**` and `//` too.
///
/// - Numerics: whole numbers are exact within 64 bits, others are doubles. What leaves 64 bits, a
///   complex power, and what Python refuses has no value.
package struct PythonEquation {
  /// Holds a value of one of Python's two kinds.
  package enum Value: Equatable, Sendable {
    case whole(Int)
    case real(Double)

    package var double: Double {
      switch self {
      case .whole(let value): Double(value)
      case .real(let value): value
      }
    }

    /// Whether it is within 1e-5 of the target, TinyZero's tolerance.
    package func isNear(_ target: Int) -> Bool {
      switch self {
      case .whole(let value): value == target
      case .real(let value): abs(value - Double(target)) < 1e-5
      }
    }
  }

  private struct NoValue: Error {}

  /// The deepest nesting that is read: Python's limit for parentheses.
  private static let depthLimit = 200

  private let text: [UInt8]
  private var place = 0
  /// The number of open parentheses, within which a line may break.
  private var parentheses = 0
  private var depth = 0

  /// Returns the value of an equation; `nil`: it has none.
  ///
  /// - Complexity: linear in the text.
  package static func value(of equation: String) -> Value? {
    var reader = PythonEquation(text: Array(equation.utf8))
    guard let value = try? reader.sum() else { return nil }
    reader.skipSpace()
    return reader.place == reader.text.count ? value : nil
  }

  /// Returns the numbers that an equation names: its runs of digits; `nil`: one has more digits
  /// than 64 bits hold, or there are others than ASCII's, which have no value.
  package static func numbers(in equation: String) -> [Int]? {
    guard equation.unicodeScalars.allSatisfy(\.isASCII) else { return nil }
    let runs = equation.utf8.split { !isDigit($0) }
    let numbers = runs.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    return numbers.count == runs.count ? numbers : nil
  }

  private init(text: [UInt8]) { self.text = text }

  private mutating func sum() throws(NoValue) -> Value {
    var value = try product()
    while true {
      if take("+") {
        value = try Self.combined(value, product(), Int.addingReportingOverflow, +)
      } else if take("-") {
        value = try Self.combined(value, product(), Int.subtractingReportingOverflow, -)
      } else {
        return value
      }
    }
  }

  private mutating func product() throws(NoValue) -> Value {
    var value = try factor()
    while true {
      if take("//") {
        value = try Self.floorQuotient(value, factor())
      } else if take("/") {
        let divisor = try factor().double
        guard divisor != 0 else { throw NoValue() }
        value = .real(value.double / divisor)
      } else if !isNext("**"), take("*") {
        value = try Self.combined(value, factor(), { $0.multipliedReportingOverflow(by:) }, *)
      } else {
        return value
      }
    }
  }

  private mutating func factor() throws(NoValue) -> Value {
    var isNegative = false
    while true {
      if take("-") {
        isNegative.toggle()
      } else if !take("+") {
        break
      }
    }
    let value = try power()
    guard isNegative else { return value }
    return try Self.combined(.whole(0), value, Int.subtractingReportingOverflow, -)
  }

  private mutating func power() throws(NoValue) -> Value {
    let base = try primary()
    guard take("**") else { return base }
    return try nested { (reader) throws(NoValue) in
      try Self.power(base, reader.factor())
    }
  }

  private mutating func primary() throws(NoValue) -> Value {
    guard take("(") else { return try number() }
    parentheses += 1
    let value = try nested { (reader) throws(NoValue) in try reader.sum() }
    skipSpace()
    parentheses -= 1
    // The space before it was skipped within the parentheses.
    guard place < text.count, text[place] == UInt8(ascii: ")") else { throw NoValue() }
    place += 1
    return value
  }

  private mutating func nested(
    _ body: (inout PythonEquation) throws(NoValue) -> Value
  ) throws(NoValue) -> Value {
    depth += 1
    guard depth <= Self.depthLimit else { throw NoValue() }
    let value = try body(&self)
    depth -= 1
    return value
  }

  /// Reads `12`, `1.5`, `1.` or `.5`. A whole number other than 0 has no leading zeros.
  private mutating func number() throws(NoValue) -> Value {
    skipSpace()
    let start = place
    skipDigits()
    let digits = place - start
    guard place < text.count, text[place] == UInt8(ascii: ".") else {
      let run = text[start..<place]
      guard run.first != UInt8(ascii: "0") || run.allSatisfy({ $0 == UInt8(ascii: "0") }),
        let value = Int(String(decoding: run, as: UTF8.self))
      else { throw NoValue() }
      return .whole(value)
    }
    place += 1
    skipDigits()
    let run = String(decoding: text[start..<place], as: UTF8.self)
    guard place - start > 1, let value = Double((digits == 0 ? "0" : "") + run + "0") else {
      throw NoValue()
    }
    return .real(value)
  }

  private mutating func skipDigits() {
    while place < text.count, Self.isDigit(text[place]) { place += 1 }
  }

  /// Skips blanks, tabs and form feeds; and within parentheses line breaks.
  private mutating func skipSpace() {
    while place < text.count {
      switch text[place] {
      case 0x20, 0x09, 0x0C: break
      case 0x0A where parentheses > 0, 0x0D where parentheses > 0: break
      default: return
      }
      place += 1
    }
  }

  private mutating func isNext(_ sign: String) -> Bool {
    skipSpace()
    return text[place...].starts(with: sign.utf8)
  }

  private mutating func take(_ sign: String) -> Bool {
    guard isNext(sign) else { return false }
    place += sign.utf8.count
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}

/// Python's arithmetic.
extension PythonEquation {
  /// Adds, subtracts or multiplies.
  private static func combined(
    _ left: Value, _ right: Value, _ whole: (Int) -> (Int) -> (partialValue: Int, overflow: Bool),
    _ real: (Double, Double) -> Double
  ) throws(NoValue) -> Value {
    guard case .whole(let a) = left, case .whole(let b) = right else {
      return .real(real(left.double, right.double))
    }
    let (value, overflow) = whole(a)(b)
    guard !overflow else { throw NoValue() }
    return .whole(value)
  }

  private static func floorQuotient(_ left: Value, _ right: Value) throws(NoValue) -> Value {
    if case .whole(let a) = left, case .whole(let b) = right {
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      guard !overflow else { throw NoValue() }
      let remainder = a % b
      return .whole(remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient)
    }
    let (a, b) = (left.double, right.double)
    guard b != 0 else { throw NoValue() }
    var remainder = fmod(a, b)
    if remainder != 0, (remainder < 0) != (b < 0) { remainder += b }
    return .real(((a - remainder) / b).rounded())
  }

  private static func power(_ base: Value, _ exponent: Value) throws(NoValue) -> Value {
    if case .whole(let base) = base, case .whole(let exponent) = exponent, exponent >= 0 {
      return .whole(try power(base, exponent))
    }
    let (a, b) = (base.double, exponent.double)
    // Python refuses 0 to a negative power, and gives a complex number for a root of a negative.
    guard a != 0 || b >= 0, a >= 0 || b == b.rounded() else { throw NoValue() }
    let value = pow(a, b)
    guard value.isFinite else { throw NoValue() }
    return .real(value)
  }

  private static func power(_ base: Int, _ exponent: Int) throws(NoValue) -> Int {
    var (result, square, rest) = (1, base, exponent)
    while rest > 0 {
      if rest % 2 == 1 {
        let (product, overflow) = result.multipliedReportingOverflow(by: square)
        guard !overflow else { throw NoValue() }
        result = product
      }
      rest /= 2
      guard rest > 0 else { break }
      let (product, overflow) = square.multipliedReportingOverflow(by: square)
      guard !overflow else { throw NoValue() }
      square = product
    }
    return result
  }
}
