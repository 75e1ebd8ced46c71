extension MathValue {
  /// Tells whether one of both is percentages throughout that may be meant by their numbers alone, and
  /// the other has none.
  func mayLackPercentSigns(beside other: MathValue) -> Bool {
    let counts = (percentages, other.percentages)
    return counts.0.bare > 0 && counts.0.bare == counts.0.all && counts.1.signed == 0
      || counts.1.bare > 0 && counts.1.bare == counts.1.all && counts.0.signed == 0
  }

  /// The numbers of numbers: all, those with a percent sign, and those that may lack it.
  private var percentages: (all: Int, signed: Int, bare: Int) {
    switch self {
    case .quantity(let value, let unit):
      (
        value.number == nil && !unit.isPercentage ? 0 : 1, unit.isPercentage ? 1 : 0,
        unit.mayLackPercentSign ? 1 : 0
      )
    case .ordered(_, let elements), .unordered(_, let elements), .relation(let elements, _):
      elements.map(\.percentages).reduce((0, 0, 0)) { ($0.0 + $1.0, $0.1 + $1.1, $0.2 + $1.2) }
    case .words: (0, 0, 0)
    }
  }
}
