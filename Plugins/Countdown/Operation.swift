/// Lists the operations of a derivation, over whole numbers.
package enum Operation: String, CaseIterable, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"

  /// Returns the exact result; `nil` if it isn't a whole number or doesn't fit into 64 bits.
  package func result(_ left: Int, _ right: Int) -> Int? {
    let (value, overflow) =
      switch self {
      case .add: left.addingReportingOverflow(right)
      case .subtract: left.subtractingReportingOverflow(right)
      case .multiply: left.multipliedReportingOverflow(by: right)
      case .divide: left.dividedReportingOverflow(by: right)
      }
    // A division that overflows, by zero too, has no remainder to look at.
    if overflow || self == .divide && left % right != 0 { return nil }
    return value
  }
}
