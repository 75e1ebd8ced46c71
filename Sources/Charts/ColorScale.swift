/// Colours for numbers: nine steps of one colour that grows stronger, or of two that part at 0.
package struct ColorScale {
  package enum Kind: String, CaseIterable {
    /// Goes from 0 up.
    case sequential = "q"
    /// Goes from as far below 0 as above it.
    case diverging = "d"
  }

  static let steps = 9

  let kind: Kind
  /// The numbers' name, with their unit.
  let label: String
  /// The largest magnitude, at the end of the scale.
  let limit: Double

  /// - Parameter values: the numbers that will be shown; those that are not finite are passed over.
  package init(_ kind: Kind, _ label: String, covering values: [Double]) {
    self.kind = kind
    self.label = label
    limit = values.filter(\.isFinite).map(abs).max() ?? 0
  }

  /// Returns the step of a number, from 0; `nil` for one that is not finite.
  func step(of value: Double) -> Int? {
    guard value.isFinite else { return nil }
    let strength = limit > 0 ? value / limit : 0
    let place = kind == .diverging ? (strength + 1) / 2 : strength
    return min(Self.steps - 1, max(0, Int((place * Double(Self.steps)).rounded(.down))))
  }

  /// Returns the class of a cell with this number.
  func name(of value: Double) -> String {
    step(of: value).map { "\(kind.rawValue)\($0)" } ?? "empty"
  }

  /// Returns the steps in a row between the numbers of their ends.
  ///
  /// - Parameter top: the middle of the row.
  func key(top: Double) -> [any Markup] {
    let low = kind == .diverging ? NumberText.brief(-limit) : "0"
    let start = 8 + 7.2 * Double(low.count)
    let width = 15.0
    let cells = (0..<Self.steps).map { step in
      Element(
        "rect",
        [
          "class": "\(kind.rawValue)\(step)", "x": NumberText.place(start + width * Double(step)),
          "y": NumberText.place(top - 6), "width": NumberText.place(width), "height": "12",
        ])
    }
    func text(_ content: String, _ x: Double) -> Element {
      Element(
        "text", ["class": "key", "x": NumberText.place(x), "y": NumberText.place(top + 4)],
        [content])
    }
    return [text(low, 2)] + cells + [
      text(
        NumberText.brief(limit) + ": " + label,
        start + width * Double(Self.steps) + 6)
    ]
  }
}
