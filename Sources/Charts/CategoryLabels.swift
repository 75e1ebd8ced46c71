/// The names along an axis, so few and so short that none touches another.
struct CategoryLabels {
  struct Label: Equatable {
    let text: String
    let x: Double
    let anchor: String

    private var width: Double { CategoryLabels.letter * Double(text.count) }
    /// The place where its ink begins, in a font that is not narrow.
    var start: Double {
      anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2
    }
    var end: Double { start + width }
  }

  private static let letter = 7.2
  private static let gap = 10.0
  /// The most categories that may have no order; of more, some names are enough.
  private static let most = 8
  /// Distances between the names that stay.
  private static let strides = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

  let labels: [Label]

  /// - Parameters:
  ///   - start: the place where the first category begins.
  ///   - end: the place where the last one ends.
  init(_ names: [String], from start: Double, to end: Double) {
    let room = (end - start) / Double(max(1, names.count))
    /// Returns a name at its category's middle, but within the axis.
    func label(_ index: Int, _ name: String) -> Label {
      let middle = start + (Double(index) + 0.5) * room
      let half = Self.letter * Double(name.count) / 2
      if middle - half < start { return Label(text: name, x: start, anchor: "start") }
      if middle + half > end { return Label(text: name, x: end, anchor: "end") }
      return Label(text: name, x: middle, anchor: "middle")
    }
    let all = names.enumerated().map { label($0, $1) }
    if Self.areApart(all) {
      labels = all
    } else if names.count <= Self.most,
      names.dropFirst().dropLast().contains(where: {
        Self.letter * Double($0.count) + Self.gap > room
      })
    {
      let letters = max(2, Int((room - Self.gap) / Self.letter))
      labels = names.enumerated().map { index, name in
        label(index, name.count > letters ? name.prefix(letters - 1) + "…" : name)
      }
    } else {
      // The first, the last, and every k-th between them that has room.
      let ends = [all[0], all[all.count - 1]]
      let between = Self.strides.lazy.map { every in
        stride(from: every, to: all.count - 1, by: every).map { all[$0] }
      }.first(where: Self.areApart)
      labels =
        [ends[0]]
        + (between ?? []).filter { Self.areApart([ends[0], $0]) && Self.areApart([$0, ends[1]]) }
        + [ends[1]]
    }
  }

  private static func areApart(_ labels: [Label]) -> Bool {
    zip(labels, labels.dropFirst()).allSatisfy { $0.end + gap <= $1.start }
  }
}
