/// Colours for numbers: nine steps of one that grows stronger, or of two that part at 0.
package struct ColorScale {
  package enum Kind: String, CaseIterable {
    /// From 0 up.
    case sequential = "q"
    /// From as far below 0 as above it.
    case diverging = "d"
  }

  package static let steps = 9

  package let kind: Kind
  /// What the numbers are, with their unit.
  package let label: String
  /// The largest magnitude, at the end of the scale.
  package let limit: Double

  /// - Parameter values: what will be shown; those that are not finite are passed over.
  package init(_ kind: Kind, _ label: String, covering values: [Double]) {
    self.kind = kind
    self.label = label
    limit = values.filter(\.isFinite).map(abs).max() ?? 0
  }

  /// The step of a number, from 0; `nil` for what is none.
  package func step(of value: Double) -> Int? {
    guard value.isFinite else { return nil }
    let share = limit > 0 ? value / limit : 0
    let place = kind == .diverging ? (share + 1) / 2 : share
    return min(Self.steps - 1, max(0, Int((place * Double(Self.steps)).rounded(.down))))
  }

  /// The class of a cell with this number.
  func name(of value: Double) -> String {
    step(of: value).map { "\(kind.rawValue)\($0)" } ?? "empty"
  }

  /// The steps in a row between their ends' numbers.
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
