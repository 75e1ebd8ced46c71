import Foundation

/// Writes numbers as people read them.
package enum NumberText {
  /// Returns a few significant digits, with a true minus sign; "–" for what is not a number.
  package static func short(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return "–" }
    if value == value.rounded(), abs(value) < 1e6 { return signed(String(Int(value))) }
    return signed(String(format: "%.\(digits)g", value))
  }

  /// Returns a text with so many decimals that a column of them lines up.
  package static func fixed(_ value: Double, decimals: Int = 3) -> String {
    value.isFinite ? signed(String(format: "%.\(decimals)f", value)) : "–"
  }

  /// Returns as few letters as a cell has room for: 120, 7.4, 0.052.
  static func brief(_ value: Double) -> String {
    switch abs(value) {
    case 0, 1e6...: short(value, digits: 2)
    case 100...: fixed(value, decimals: 0)
    case 1...: fixed(value, decimals: 1)
    default: short(value, digits: 2)
    }
  }

  package static func percent(_ share: Double) -> String {
    share.isFinite ? signed(String(format: "%.1f", 100 * share)) + " %" : "–"
  }

  /// Returns an interval's name with the dash that is between numbers: 0.25–0.50.
  package static func interval(_ name: String) -> String { name.replacing("-", with: "–") }

  /// Returns a whole number as an exponent: ⁻⁵.
  package static func superscript(_ number: Int) -> String {
    String(
      String(number).map { digit in digit.wholeNumberValue.map { Array("⁰¹²³⁴⁵⁶⁷⁸⁹")[$0] } ?? "⁻" })
  }

  /// Returns a place in a drawing, to a hundredth.
  package static func place(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  private static func signed(_ text: String) -> String {
    text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }
}
