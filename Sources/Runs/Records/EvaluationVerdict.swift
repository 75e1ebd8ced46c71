import Training

extension Evaluation {
  /// Holds how the completions of a category's items fared, as one reward function judges them.
  package struct Verdict: Sendable, Equatable {
    /// The completions that are correct, and those that have a score.
    package let counts: Counts
    /// How the samples of each item fared; `nil`: an item has one.
    package let samples: SampledItems?
    /// The items' most likely completions, if they were taken beside sampled ones.
    package let greedy: Counts?
    /// What as many samples at further temperatures show, in the configuration's order.
    package let temperatures: [OtherTemperature]

    package init(
      counts: Counts, samples: SampledItems? = nil, greedy: Counts? = nil,
      temperatures: [OtherTemperature] = []
    ) {
      self.counts = counts
      self.samples = samples
      self.greedy = greedy
      self.temperatures = temperatures
    }

    /// The share of correct completions: with several samples an item, pass@1.
    package var accuracy: Double { samples?.passAt1.mean ?? counts.share }
    /// The 95 % interval of the accuracy.
    package var interval: ClosedRange<Double> { samples?.passAt1.interval ?? counts.interval }

    /// Puts together what several policies made of the same items; `nil`: there are none.
    static func pooled(_ verdicts: [Verdict]) -> Verdict? {
      guard !verdicts.isEmpty else { return nil }
      let greedy = verdicts.compactMap(\.greedy)
      return Verdict(
        counts: verdicts.map(\.counts).reduce(Counts(), +),
        samples: SampledItems.pooled(verdicts.compactMap(\.samples)),
        greedy: greedy.isEmpty ? nil : greedy.reduce(Counts(), +),
        temperatures: OtherTemperature.pooled(verdicts.map(\.temperatures)))
    }

    /// All that the verdict says, in the order of tables.
    var measures: [Measure] {
      let first: Measure.Kind = samples == nil && greedy == nil ? .accuracy : .passAt(1)
      return measures(first)
        + temperatures.flatMap { other in
          other.verdict.measures(first).map { $0.of(.temperature(other.key, $0.kind)) }
        }
    }

    /// - Parameter first: the kind of the share of correct completions.
    private func measures(_ first: Measure.Kind) -> [Measure] {
      var measures = [
        Measure(kind: first, counts: counts, mean: accuracy, interval: interval)
      ]
      if let samples, let share = samples.passAtK {
        measures.append(
          Measure(
            kind: .passAt(samples.k), counts: nil, mean: share.mean, interval: share.interval))
      }
      if let greedy {
        measures.append(
          Measure(kind: .greedy, counts: greedy, mean: greedy.share, interval: greedy.interval))
      }
      return measures
    }
  }

  /// Holds a verdict beside the first one, with what tells it from others of its list.
  package struct Further<Key: Equatable & Sendable>: Sendable, Equatable {
    package let key: Key
    package let verdict: Verdict

    package init(_ key: Key, _ verdict: Verdict) {
      self.key = key
      self.verdict = verdict
    }

    /// Puts together, by key, what several policies made of the same items.
    static func pooled(_ lists: [[Self]]) -> [Self] {
      (lists.first ?? []).compactMap { first in
        let own = lists.compactMap { list in list.first { $0.key == first.key }?.verdict }
        return Verdict.pooled(own).map { Self(first.key, $0) }
      }
    }
  }

  /// A verdict on samples at the temperature that is its key.
  package typealias OtherTemperature = Further<Double>
  /// A verdict of another reward function. The key is the name under which the run's metrics have it:
  /// `countdown-2`, `first attempt`.
  package typealias OtherVerdict = Further<String>
}
