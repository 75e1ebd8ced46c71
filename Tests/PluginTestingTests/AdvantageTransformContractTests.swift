import FulcrumKernel
import PluginTesting
import Testing

/// Returns less their group's mean, times x; of certain tokens only.
struct SoundTransform: AdvantageTransform {
  static let manual = ideaManual
  let needs: Set<Column> = [.entropies]
  private let factor: Double

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    factor = try parameters.number("x")
  }

  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
  ) throws(FulcrumError) {
    let entropies = try batch.column(.entropies)
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      let returns = members.map { batch.wholeReturn(ofSequence: $0, in: advantages.span) }
      let mean = returns.reduce(0, +) / Double(max(1, returns.count))
      for (sequence, value) in zip(members, returns) {
        for token in batch.sequences.tokens(ofSequence: sequence) {
          advantages[token] = entropies[token] > 0.1 ? Float((value - mean) * factor) : 0
        }
      }
    }
  }
}

@Suite struct AdvantageTransformContractTests {
  private static func checks(
    _ instance: TransformOf, manual: ComponentManual = ideaManual
  ) -> [ContractCheck] {
    PluginContract.checks(advantageTransform: manual, [:]) { _, _ in instance }
  }

  private static func perTransform(
    _ body:
      @escaping @Sendable (inout MutableSpan<Float>, RolloutBatch) throws(FulcrumError) -> Void
  ) -> [ContractCheck] { checks(TransformOf(body)) }

  private static func reporting(
    _ body:
      @escaping @Sendable (inout MutableSpan<Float>, inout MetricSums) throws(FulcrumError) -> Void
  ) -> [ContractCheck] {
    PluginContract.checks(
      advantageTransform: ideaManual, [:], type: ReportingTransformOf.self
    ) { _, _ in ReportingTransformOf(body) }
  }
  private static let report = "what is reported is finite, the same again, and changes no advantage"
  private static let shared = Counter()

  static let broken = [
    Broken(
      "asks for what the policy says now", "the declared columns are columns that a host computes",
      "expected columns of the batch, got 'current-rank' in 'needs'",
      checks(TransformOf(needs: [Column(.current, .rank)]) { (_, _) in })),
    Broken(
      "asks for no tokens at all", "the declared columns are columns that a host computes",
      "expected columns that there are, got 'top-tokens(0)' in 'needs'",
      checks(TransformOf(needs: [.topTokens(0)]) { (_, _) in })),
    Broken(
      "changes advantages where it reports", report,
      "expected the same bits without a report and with one, got other advantages of the hand-sized"
        + " batch, element 0: ",
      reporting { (advantages, _) in
        for token in advantages.indices { advantages[token] += 1 }
      }),
    Broken(
      "reports what is not finite", report,
      "expected a finite metric 'spread' of the hand-sized batch, got a sum of nan",
      reporting { (_, metrics) in metrics.add("spread", sum: .nan, count: 1) }),
    Broken(
      "reports something else each time", report,
      "expected the same bits in a first and in a second call, got other metric 'calls'",
      reporting { (_, metrics) in metrics.add("calls", sum: Double(shared.next()), count: 1) }),
    Broken(
      "refuses a batch without prompts", "an empty batch is accepted",
      "expected a batch without prompts to be accepted, got: nothing to do",
      perTransform { (_, batch) throws(FulcrumError) in
        if batch.sequences.groupCount == 0 { throw FulcrumError(.data, "nothing to do") }
      }),
    Broken(
      "refuses a completion without tokens", "completions without tokens are accepted",
      "expected a batch without tokens to be accepted, got: an empty completion",
      perTransform { (_, batch) throws(FulcrumError) in
        for sequence in 0..<batch.sequences.sequenceCount
        where batch.sequences.tokens(ofSequence: sequence).isEmpty {
          throw FulcrumError(.data, "an empty completion")
        }
      }),
    Broken(
      "divides by n - 1", "one sample of one token gets a finite advantage",
      "expected finite advantages of a batch of one token, got ",
      perTransform { (advantages, _) in
        let count = Float(advantages.count - 1)
        for token in advantages.indices {
          advantages[token] = (advantages[token] - advantages[0]) / count
        }
      }),
    Broken(
      "divides by a group's n - 1", "a ragged batch gets finite advantages",
      "expected finite advantages of the ragged batch, got ",
      perTransform { (advantages, batch) in
        for group in 0..<batch.sequences.groupCount {
          let members = batch.sequences.sequences(ofGroup: group)
          for token in batch.sequences.tokens(ofSequences: members) {
            advantages[token] /= Float(members.count - 1)
          }
        }
      }),
    Broken(
      "divides by a deviation of 0", "equal rewards get finite advantages",
      "expected finite advantages of a batch of equal rewards, got ",
      perTransform { (advantages, batch) in
        var spread: Float = 0
        for sequence in 0..<batch.sequences.sequenceCount {
          spread = max(spread, abs(batch.rewards[sequence] - batch.rewards[0]))
        }
        for token in advantages.indices {
          advantages[token] = (advantages[token] - batch.rewards[0]) / spread
        }
      }),
    Broken(
      "squares in Float", "extreme rewards and log-probabilities get finite advantages",
      "expected finite advantages of a batch of extreme values, got inf for token 0",
      perTransform { (advantages, _) in
        for token in advantages.indices { advantages[token] *= advantages[token] }
      }),
    Broken(
      "takes each sequence's advantages for equal",
      "what differs from token to token is transformed to finite advantages",
      "expected finite advantages of the ragged batch after another transform, got ",
      perTransform { (advantages, batch) in
        for sequence in 0..<batch.sequences.sequenceCount {
          let tokens = batch.sequences.tokens(ofSequence: sequence)
          for token in tokens where advantages[token] != advantages[tokens.lowerBound] {
            advantages[token] = .nan
          }
        }
      }),
    Broken(
      "reads a column that it doesn't declare", "the declared columns are all that is read",
      "expected the hand-sized batch to be accepted, got: column levers was not computed",
      perTransform { (advantages, batch) throws(FulcrumError) in
        let levers = try batch.column(.levers)
        for token in advantages.indices { advantages[token] *= levers[token] }
      }),
    Broken(
      "uses a column that it doesn't declare where there is one",
      "the declared columns are all that is read",
      "expected the same bits with the declared columns and with all of them, got other advantages"
        + " of the hand-sized batch, element 0: ",
      perTransform { (advantages, batch) in
        guard batch.has(.levers) else { return }
        for token in advantages.indices { advantages[token] *= 2 }
      }),
    Broken(
      "writes to the batch", "the batch is left as it was",
      "expected the same bits in the hand-sized batch before and after the call, got other",
      perTransform { (_, batch) in overwrite(batch.rewards) }),
    Broken(
      "counts the places of groups", "the order of groups is irrelevant",
      "advantages of the ragged batch in another order, element ",
      perTransform { (advantages, batch) in
        for group in 0..<batch.sequences.groupCount {
          let members = batch.sequences.sequences(ofGroup: group)
          for token in batch.sequences.tokens(ofSequences: members) {
            advantages[token] += Float(group)
          }
        }
      }),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a sound transform passes, from its type and from a closure`() {
    expectKept(PluginContract.checks(for: SoundTransform.self))
    expectKept(PluginContract.checks(for: SoundTransform.self, ["x": .number(1)]))
    expectKept(Self.checks(TransformOf { (_, _) in }))
    expectKept(Self.checks(TransformOf(needs: [.topLogProbabilities(5), .ranks]) { (_, _) in }))
    expectKept(Self.reporting { (_, metrics) in metrics.add("one", sum: 1, count: 1) })
  }

  @Test func `every check has its mistake`() {
    let names = Self.reporting { (_, _) in }.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(
      PluginContract.checks(for: SoundTransform.self).map(\.name)
        == names.filter { $0 != Self.report })
    #expect(
      Set(names) == Set((Self.broken + CommonContractTests.broken).map(\.check)))
  }
}
