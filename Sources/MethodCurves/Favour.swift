import Charts

/// Says in numbers and in words whom a method favours.
///
/// - Unit: mean |w/A| over the places of a range, relative to plain GRPO's where that isn't 0.
package struct Favour: Equatable, Sendable {
  /// Whether w has the other sign than A.
  package enum Turn: Equatable, Sendable {
    case none
    case partly
    case wholly
  }

  /// A number of a range of places.
  package struct Factor: Equatable, Sendable {
    package let size: Double
    package let turn: Turn
  }

  /// Tokens of one sign.
  package struct Side: Equatable, Sendable {
    /// On policy, π < 0.25.
    package let unlikely: Factor
    /// On policy, from 0.25 to 0.75.
    package let between: Factor
    /// On policy, π ≥ 0.75.
    package let likely: Factor
    /// On policy, all of them where they differ by no more than the tolerance; else `nil`.
    package let all: Factor?
    /// Where plain GRPO's clip leaves nothing: r above 1.2 for A > 0, below 0.8 for A < 0. As it is.
    package let beyond: Factor?
    /// Where the token went the other way: r below 0.8 for A > 0, above 1.2 for A < 0.
    package let behind: Factor?

    fileprivate var onPolicy: [Factor] { [unlikely, between, likely] }
  }

  /// The ranges of probabilities that count as unlikely and likely, and of ratios beyond the usual clip.
  static let unlikely = 0..<0.25
  static let between = 0.25..<0.75
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
    func factor(
      _ curve: WeightCurve?, _ range: Range<Double>, isRatio: Bool = true,
      over other: WeightCurve? = nil
    ) -> Factor? {
      guard let curve, let size = curve.meanMagnitude(in: range, isRatio: isRatio) else {
        return nil
      }
      let unit = other?.meanMagnitude(in: range, isRatio: isRatio) ?? 1
      return Factor(size: size / unit, turn: curve.turn(in: range))
    }
    func side(_ sign: KeyPath<SignedCurves, WeightCurve>, isPositive: Bool) -> Side {
      let curve = portrait.onPolicy[keyPath: sign]
      func onPolicy(_ range: Range<Double>) -> Factor {
        factor(curve, range, isRatio: false) ?? Factor(size: .nan, turn: .none)
      }
      let sizes = curve.points.map { abs($0.mean) }
      let all = onPolicy(0..<1)
      let isEven =
        all.turn != .partly && Self.areAlike(sizes.min() ?? .nan, sizes.max() ?? .nan)
      return Side(
        unlikely: onPolicy(Self.unlikely), between: onPolicy(Self.between),
        likely: onPolicy(Self.likely), all: isEven ? all : nil,
        beyond: factor(ratios?[keyPath: sign], isPositive ? Self.high : Self.low),
        behind: factor(
          ratios?[keyPath: sign], isPositive ? Self.low : Self.high,
          over: yardstick?[keyPath: sign]))
    }
    positive = side(\.positive, isPositive: true)
    negative = side(\.negative, isPositive: false)
  }

  /// One sentence on the tokens as they are at a step's first update, by a fixed rule.
  package var onPolicy: String {
    if (positive.all == nil) == (negative.all == nil),
      zip(positive.onPolicy, negative.onPolicy).allSatisfy(Self.areAlike)
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
    if Self.isNothing(high.size), Self.isNothing(low.size) {
      words.append("beyond the clip nothing")
    } else {
      words.append("beyond the clip \(Self.plain(high)) for A > 0, \(Self.plain(low)) for A < 0")
    }
    let one = Factor(size: 1, turn: .none)
    if !Self.areAlike(fallen, one) { words.append("A > 0 that fell \(Self.times(fallen))") }
    if !Self.areAlike(risen, one) { words.append("A < 0 that rose \(Self.times(risen))") }
    return words.joined(separator: ", ")
  }

  private static func clause(_ side: Side) -> String {
    if let all = side.all {
      return areAlike(all, Factor(size: 1, turn: .none)) ? "all as in GRPO" : "all \(times(all))"
    }
    if areAlike(side.unlikely, side.between), areAlike(side.between, side.likely) {
      return "on average "
        + (areAlike(side.between, Factor(size: 1, turn: .none))
          ? "as in GRPO" : times(side.between))
    }
    return "unlikely \(times(side.unlikely)), between \(times(side.between)), likely"
      + " \(times(side.likely))"
  }

  private static func areAlike(_ one: Factor, _ other: Factor) -> Bool {
    one.turn == other.turn && areAlike(one.size, other.size)
  }

  private static func areAlike(_ one: Double, _ other: Double) -> Bool {
    abs(one - other) <= tolerance * max(abs(one), abs(other)) || isNothing(one) && isNothing(other)
  }

  private static func isNothing(_ value: Double) -> Bool { abs(value) < 0.005 }

  /// Returns a factor: `×0.74`, `turned ×1`.
  private static func times(_ factor: Factor) -> String {
    words(factor.turn) + "×" + (areAlike(factor.size, 1) ? "1" : number(factor.size))
  }

  private static func plain(_ factor: Factor) -> String {
    words(factor.turn) + number(factor.size)
  }

  private static func words(_ turn: Turn) -> String {
    switch turn {
    case .none: ""
    case .partly: "partly turned "
    case .wholly: "turned "
    }
  }

  private static func number(_ value: Double) -> String {
    isNothing(value) && value != 0 ? "nearly 0" : twoDigits(value)
  }

  /// Returns two significant digits, without an exponent below a million: 180, 1.8.
  static func twoDigits(_ value: Double) -> String {
    guard abs(value) >= 99.5, abs(value) < 1e6 else { return NumberText.short(value, digits: 2) }
    let unit = abs(value) < 1e3 ? 10.0 : abs(value) < 1e4 ? 100 : abs(value) < 1e5 ? 1e3 : 1e4
    return NumberText.short((value / unit).rounded() * unit)
  }
}
