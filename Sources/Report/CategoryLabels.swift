/// The names along an axis, so few and so short that none touches another.
package struct CategoryLabels {
  package struct Label: Equatable {
    package let text: String
    package let x: Double
    package let anchor: String
  }

  private static let letter = 7.2
  private static let gap = 6.0
  /// More categories than these have an order: some of their names are enough.
  private static let most = 8

  package let labels: [Label]

  /// - Parameters:
  ///   - start: the place where the first category begins.
  ///   - end: the place where the last one ends.
  package init(_ names: [String], from start: Double, to end: Double) {
    let room = (end - start) / Double(max(1, names.count))
    func middle(_ index: Int) -> Double { start + (Double(index) + 0.5) * room }
    func width(_ name: String) -> Double { Self.letter * Double(name.count) }
    if names.allSatisfy({ width($0) + Self.gap <= room }) {
      labels = names.enumerated().map { Label(text: $1, x: middle($0), anchor: "middle") }
      return
    }
    guard names.count > Self.most else {
      let letters = max(2, Int((room - Self.gap) / Self.letter))
      labels = names.enumerated().map { index, name in
        let short = name.count > letters ? name.prefix(letters - 1) + "…" : name[...]
        return Label(text: String(short), x: middle(index), anchor: "middle")
      }
      return
    }
    // The first, the last, and every k-th between them that has room.
    let first = Label(text: names[0], x: start, anchor: "start")
    let last = Label(text: names[names.count - 1], x: end, anchor: "end")
    let widest = names.dropFirst().dropLast().map(width).max() ?? 0
    let every = max(1, Int(((widest + Self.gap) / room).rounded(.up)))
    let from = start + width(first.text) + Self.gap
    let to = end - width(last.text) - Self.gap
    let between = stride(from: every, to: names.count - 1, by: every).compactMap { index in
      let half = width(names[index]) / 2
      return middle(index) - half >= from && middle(index) + half <= to
        ? Label(text: names[index], x: middle(index), anchor: "middle") : nil
    }
    labels = [first] + between + [last]
  }
}
