import Settings

extension Evaluation {
  /// Holds a share of a category, with its 95 % interval.
  package struct Measure: Sendable {
    package indirect enum Kind: Sendable, Hashable {
      /// The share of correct completions, one an item.
      case accuracy
      /// The probability that one of so many samples of an item is correct.
      case passAt(Int)
      /// The share of items whose most likely completion is correct.
      case greedy
      /// One of the others, as a reward function judges that is not the first.
      case reward(String, Kind)
      /// One of the first two, of samples at a temperature that is not the main one.
      case temperature(Double, Kind)

      package var name: String {
        switch self {
        case .accuracy: "accuracy"
        case .passAt(let k): "pass@\(k)"
        case .greedy: "greedy"
        case .reward(let name, let kind): name + " " + kind.name
        case .temperature(let temperature, let kind): kind.name + " at " + Self.text(temperature)
        }
      }

      /// Lists those that evaluations with such settings have, in the order of tables.
      ///
      /// - Parameter rewards: the names of the reward functions in metrics, the first one's first.
      package static func planned(_ settings: EvaluationSettings, rewards: [String]) -> [Kind] {
        let isSampled = settings.samples > 1
        var sampled: [Kind] = [isSampled || settings.isGreedyBeside ? .passAt(1) : .accuracy]
        if isSampled, settings.passAt > 1 { sampled.append(.passAt(settings.passAt)) }
        let own =
          sampled + (settings.isGreedyBeside ? [.greedy] : [])
          + settings.otherTemperatures.flatMap { other in
            sampled.map { .temperature(other, $0) }
          }
        return own + rewards.dropFirst().flatMap { name in own.map { .reward(name, $0) } }
      }

      /// The reward function that judges; `nil`: the first.
      package var reward: String? {
        if case .reward(let name, _) = self { name } else { nil }
      }

      /// The temperature of the samples; `nil`: the main one, or none.
      package var temperature: Double? {
        switch self {
        case .temperature(let temperature, _): temperature
        case .reward(_, let kind): kind.temperature
        default: nil
        }
      }

      /// The share that it is, whoever judges and at whichever temperature: `accuracy`, `passAt` or
      /// `greedy`.
      package var share: Kind {
        switch self {
        case .reward(_, let kind), .temperature(_, let kind): kind.share
        default: self
        }
      }

      /// Writes a temperature with as many digits as it has: `0.6`, `1`.
      static func text(_ temperature: Double) -> String {
        let text = "\(temperature)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
      }
    }

    package let kind: Kind
    /// The completions that it counts; `nil`: it is no share of completions.
    package let counts: Counts?
    package let mean: Double
    package let interval: ClosedRange<Double>

    /// Returns the same numbers as a measure of another kind.
    func of(_ kind: Kind) -> Measure {
      Measure(kind: kind, counts: counts, mean: mean, interval: interval)
    }
  }
}
