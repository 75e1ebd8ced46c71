import FulcrumKernel
import Settings

/// Holds the values that each arm is tried with before it is compared: of one key, or of several at once.
package struct TuningGrid: Sendable {
  /// A key path with the values to try, as they were typed.
  package struct Axis: Sendable, Equatable {
    package let key: String
    package let values: [String]
  }

  /// A value of each axis, in their order.
  package struct Point: Hashable, Sendable {
    package let values: [String]

    package init(values: [String]) { self.values = values }

    /// The values as a part of a folder's name.
    package var name: String { values.joined(separator: "-") }
  }

  /// The option of the command line that gives an axis.
  package static let option = "--tune"

  package let axes: [Axis]

  /// Reads `KEY=VALUE,VALUE`, an axis a text.
  ///
  /// - Parameter texts: not empty.
  /// - Throws: `.usage` for a text of another form, a key that an arm can't change, a key or a value
  ///   that is given twice.
  package init(_ texts: [String]) throws(FulcrumError) {
    var axes: [Axis] = []
    for text in texts {
      let axis = try Self.axis(text)
      guard !axes.contains(where: { $0.key == axis.key }) else {
        throw FulcrumError(
          .usage, "the key is given twice", at: "\(Self.option) \(axis.key)",
          hint: "give all of its values at once: \(Self.option) \(axis.key)=A,B,C")
      }
      axes.append(axis)
    }
    self.axes = axes
  }

  private static func axis(_ text: String) throws(FulcrumError) -> Axis {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw FulcrumError(
        .usage, "expected KEY=VALUE,VALUE, got '\(text)'", at: option,
        hint: "for instance \(option) update.learning-rate=1e-4,2e-4,4e-4")
    }
    let key = String(text[..<equals])
    let place = "\(option) \(key)"
    guard ArmChoice.keys.contains(String(key.prefix { !".[".contains($0) })) else {
      throw FulcrumError(
        .usage,
        "expected a key of \(ArmChoice.keys.joined(separator: ", ")), got '\(key)'", at: place,
        hint: "arms differ in how they train, and are tuned in that; all else is alike")
    }
    let values = parts(text[text.index(after: equals)...])
    guard values.count > 1, values.allSatisfy({ !$0.isEmpty }) else {
      throw FulcrumError(
        .usage,
        "expected two values or more, separated by commas, got '\(text[equals...].dropFirst())'",
        at: place, hint: "one value needs no tuning: --set \(text)")
    }
    // 1e-3 is 0.001.
    guard Set(values.map { Double($0).map { "\($0)" } ?? $0 }).count == values.count else {
      throw FulcrumError(.usage, "a value is given twice", at: place, hint: "give each value once")
    }
    return Axis(key: key, values: values)
  }

  /// Splits at commas that are not in brackets.
  private static func parts(_ text: Substring) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if "[{".contains(character) { depth += 1 }
      if "]}".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { $0.trimmingPrefix(while: { $0 == " " }) }.map(String.init)
  }

  /// All combinations of values; those of the last axis change fastest.
  package var points: [Point] {
    axes.reduce([[]]) { lists, axis in
      lists.flatMap { list in axis.values.map { list + [$0] } }
    }.map { Point(values: $0) }
  }

  /// Returns a point's assignments to keys.
  package func assignments(_ point: Point) -> [String] {
    zip(axes, point.values).map { "\($0.key)=\($1)" }
  }

  /// Returns whether the first point comes before the other one: by the size of numbers, else as typed.
  package func isBefore(_ one: Point, _ other: Point) -> Bool {
    for (axis, pair) in zip(axes, zip(one.values, other.values)) where pair.0 != pair.1 {
      let order = axis.ordered
      return (order.firstIndex(of: pair.0) ?? 0) < (order.firstIndex(of: pair.1) ?? 0)
    }
    return false
  }

  /// Returns the keys in which a point lies at an edge of the values that were tried.
  package func edges(_ point: Point) -> [String] {
    zip(axes, point.values).filter { axis, value in
      axis.isNumeric && (axis.ordered.first == value || axis.ordered.last == value)
    }.map(\.0.key)
  }
}

extension TuningGrid.Axis {
  /// Whether all values are numbers, which have an order and edges.
  var isNumeric: Bool { values.allSatisfy { Double($0) != nil } }

  /// The values by their size; as they were typed, if some are no numbers.
  var ordered: [String] {
    isNumeric ? values.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) } : values
  }
}
