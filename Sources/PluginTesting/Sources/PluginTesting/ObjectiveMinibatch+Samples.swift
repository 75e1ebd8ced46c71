import FulcrumKernel

extension ObjectiveMinibatch {
  /// No sequences.
  public static var empty: ObjectiveMinibatch {
    ObjectiveMinibatch(current: [], advantages: [], lengths: [])
  }

  /// Two sequences without tokens.
  public static var noTokens: ObjectiveMinibatch {
    ObjectiveMinibatch(current: [], advantages: [], lengths: [0, 0])
  }

  /// One sequence of one token.
  public static var oneToken: ObjectiveMinibatch { random(seed: 1, lengths: [1]) }

  /// Two sequences of two tokens, all numbers exact in binary: log π has moved by 0, 0.125, −0.25
  /// and 0.5.
  public static var handSized: ObjectiveMinibatch {
    var minibatch = ObjectiveMinibatch(
      current: [-0.5, -0.875, -2.25, -0.5], old: [-0.5, -1, -2, -1],
      reference: [-0.75, -1, -1.5, -0.25], advantages: [1, 1, -0.5, -0.5], lengths: [2, 2])
    minibatch.entropies = [1, 0.5, 2, 0.25]
    minibatch.levers = [0.5, 0.75, 1, 0.5]
    return minibatch
  }

  /// log π of −80 and 0, old and new, with advantages of ±1000.
  public static var extreme: ObjectiveMinibatch {
    let low: Float = -80
    var minibatch = ObjectiveMinibatch(
      current: [low, low, 0, 0, low, low, 0, 0], old: [low, 0, low, 0, low, 0, low, 0],
      reference: [0, low, 0, low, low, 0, low, 0],
      advantages: [1000, 1000, 1000, 1000, -1000, -1000, -1000, -1000], lengths: [1, 3, 0, 4])
    minibatch.entropies = [0, 12, 0, 12, 0, 12, 0, 12]
    minibatch.levers = [1.4142135, 1, 0, 0, 1.4142135, 1, 0, 0]
    return minibatch
  }

  /// Random values by a seed; log-probabilities are multiples of 2⁻¹⁰, and at most −0.125.
  ///
  /// - Parameters:
  ///   - seed: equal seeds give equal values.
  ///   - lengths: tokens of each sequence.
  ///   - drift: bounds of log π − log π_old.
  ///   - referenceDrift: bounds of log π_ref − log π_old.
  public static func random(
    seed: UInt64, lengths: [Int] = [7, 0, 13, 1, 9], drift: ClosedRange<Double> = -1...1.5,
    referenceDrift: ClosedRange<Double> = -2...2
  ) -> ObjectiveMinibatch {
    var numbers = SampleNumbers(seed: seed)
    let count = lengths.reduce(0, +)
    let old = (0..<count).map { _ in numbers.logarithm(in: -5 ... -0.5) }
    // A log-probability stays one where a test moves it a little.
    let greatest: Float = -0.125
    var minibatch = ObjectiveMinibatch(
      current: old.map { min($0 + numbers.logarithm(in: drift), greatest) }, old: old,
      reference: old.map { min($0 + numbers.logarithm(in: referenceDrift), greatest) },
      advantages: old.map { _ in numbers.number(in: -2.5...2.5) }, lengths: lengths)
    minibatch.entropies = old.map { _ in numbers.logarithm(in: 0.25...3) }
    minibatch.levers = old.map { _ in numbers.number(in: 0...1.4142135) }
    return minibatch
  }

  /// Shares of which no two are equal and one is 0, so that a mistaken share shows.
  var withUnequalShares: ObjectiveMinibatch {
    var copy = self
    copy.shares = (0..<sequenceCount).map { sequence in
      sequence == sequenceCount - 1 && sequenceCount > 1 ? 0 : 1 / Double(8 + 3 * sequence)
    }
    return copy
  }

  /// The same mini-batch in memory of its own, as `RolloutBatch.ownCopy`.
  var ownCopy: ObjectiveMinibatch {
    var copy = self
    copy.current = current.map { $0 }
    copy.old = old.map { $0 }
    copy.reference = reference.map { $0 }
    copy.advantages = advantages.map { $0 }
    copy.entropies = entropies.map { $0 }
    copy.levers = levers.map { $0 }
    copy.shares = shares.map { $0 }
    copy.columns = columns.mapValues { values in values.map { $0 } }
    return copy
  }

  /// A copy of all numbers that an objective can see, which shares no memory with them.
  var snapshot: Trace {
    var trace = Trace()
    trace.add("log π", current)
    trace.add("log π_old", old)
    trace.add("log π_ref", reference)
    trace.add("advantages", advantages)
    trace.add("entropies", entropies)
    trace.add("levers", levers)
    trace.add("shares", shares.map { $0 })
    for (column, values) in columns.sorted(by: { $0.key.name < $1.key.name }) {
      trace.add(column.name, values.map { $0 })
    }
    return trace
  }
}
