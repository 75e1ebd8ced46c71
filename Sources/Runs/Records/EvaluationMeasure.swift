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

      package var name: String {
        switch self {
        case .accuracy: "accuracy"
        case .passAt(let k): "pass@\(k)"
        case .greedy: "greedy"
        case .reward(let name, let kind): name + " " + kind.name
        }
      }

      /// The reward function that judges; `nil`: the first.
      package var reward: String? {
        if case .reward(let name, _) = self { name } else { nil }
      }

      /// The share that it is, whoever judges: `accuracy`, `passAt` or `greedy`.
      package var share: Kind {
        if case .reward(_, let kind) = self { kind.share } else { self }
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
