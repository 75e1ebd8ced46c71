import Charts

/// Says in numbers and in words whom a method favours.
///
/// - Unit: mean |w/A| over the places of a range, relative to plain GRPO's where that isn't 0.
package struct Favour: Equatable, Sendable {
  /// Tokens of one sign.
  package struct Side: Equatable, Sendable {
    /// On policy, π < 0.25.
    package let unlikely: Double
    /// On policy, π ≥ 0.75.
    package let likely: Double
    /// Where plain GRPO's clip leaves nothing: r above 1.2 for A > 0, below 0.8 for A < 0. As it is.
    package let beyond: Double?
    /// Where the token went the other way: r below 0.8 for A > 0, above 1.2 for A < 0.
    package let behind: Double?
  }

  /// The ranges of probabilities that count as unlikely and likely, and of ratios beyond the usual clip.
  static let unlikely = 0..<0.25
  static let likely = 0.75..<1
  static let low = 0..<0.8
  static let high = 1.2..<Double.infinity

  /// A share by which two numbers may differ and still be called equal.
  private static let tolerance = 0.03

  package let positive: Side
  package let negative: Side

  package init(_ portrait: MethodPortrait) {
    let ratios = portrait.byRatio
    let yardstick = ratios.map {
      Yardstick.curves(along: $0.positive.points.map(\.x), isRatio: true)
    }
    func relative(_ curve: WeightCurve?, _ other: WeightCurve?, _ range: Range<Double>)
      -> Double?
    {
      guard let own = curve?.meanMagnitude(in: range), let other = other?.meanMagnitude(in: range)
      else { return nil }
      return own / other
    }
    func side(_ sign: KeyPath<SignedCurves, WeightCurve>, isPositive: Bool) -> Side {
      let curve = portrait.onPolicy[keyPath: sign]
      return Side(
        unlikely: curve.meanMagnitude(in: Self.unlikely) ?? .nan,
        likely: curve.meanMagnitude(in: Self.likely) ?? .nan,
        beyond: ratios?[keyPath: sign].meanMagnitude(in: isPositive ? Self.high : Self.low),
        behind: relative(
          ratios?[keyPath: sign], yardstick?[keyPath: sign], isPositive ? Self.low : Self.high))
    }
    positive = side(\.positive, isPositive: true)
    negative = side(\.negative, isPositive: false)
  }

  /// One sentence on the tokens as they are at a step's first update, by a fixed rule.
  package var onPolicy: String {
    if Self.areAlike(positive.unlikely, negative.unlikely),
      Self.areAlike(positive.likely, negative.likely)
    {
      return Self.clause(positive)
    }
    return "A > 0: \(Self.clause(positive)); A < 0: \(Self.clause(negative))"
  }

  /// One sentence on tokens that have moved; `nil`: the method has no ratio.
  package func offPolicy(isSamplers: Bool) -> String? {
    guard let high = positive.beyond, let low = negative.beyond, let risen = negative.behind,
      let fallen = positive.behind
    else { return nil }
    if isSamplers {
      return "ρ > 1.2 \(Self.times(high)), ρ < 0.8 \(Self.times(low))"
    }
    var words: [String] = []
    if Self.isNothing(high), Self.isNothing(low) {
      words.append("beyond the clip nothing")
    } else {
      words.append("beyond the clip \(Self.plain(high)) for A > 0, \(Self.plain(low)) for A < 0")
    }
    if !Self.areAlike(fallen, 1) { words.append("A > 0 that fell \(Self.times(fallen))") }
    if !Self.areAlike(risen, 1) { words.append("A < 0 that rose \(Self.times(risen))") }
    return words.joined(separator: ", ")
  }

  private static func clause(_ side: Side) -> String {
    if areAlike(side.unlikely, side.likely) {
      return areAlike(side.unlikely, 1) ? "all as in GRPO" : "all \(times(side.unlikely))"
    }
    return "unlikely \(times(side.unlikely)), likely \(times(side.likely))"
  }

  private static func areAlike(_ one: Double, _ other: Double) -> Bool {
    abs(one - other) <= tolerance * max(abs(one), abs(other)) || isNothing(one) && isNothing(other)
  }

  private static func isNothing(_ value: Double) -> Bool { abs(value) < 0.005 }

  /// Returns a factor: `×0.74`.
  private static func times(_ value: Double) -> String {
    "×" + (areAlike(value, 1) ? "1" : plain(value))
  }

  private static func plain(_ value: Double) -> String {
    isNothing(value) && value != 0 ? "nearly 0" : NumberText.short(value, digits: 2)
  }
}
