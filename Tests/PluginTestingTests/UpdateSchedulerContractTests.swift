import FulcrumKernel
import PluginTesting
import Testing

/// Two phases: tokens of levers below x, and the others, as often as there are passes.
struct SoundScheduler: UpdateScheduler {
  static let manual = ideaManual
  let needs: Set<Column> = [.levers]
  let passes = 2
  private let threshold: Float

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    threshold = Float(try parameters.number("x"))
  }

  func phases(
    for batch: RolloutBatch, advantages: Span<Float>
  ) throws(FulcrumError) -> [UpdatePhase] {
    let levers = try batch.column(.levers)
    let isShort = levers.indices.map { levers[$0] < threshold }
    return [
      UpdatePhase(name: "short", participates: isShort), UpdatePhase(name: "all"),
      UpdatePhase(name: "long", participates: isShort.map { !$0 }),
    ]
  }
}

@Suite struct UpdateSchedulerContractTests {
  private static func checks(
    passes: Int = 1,
    _ body: @escaping @Sendable (RolloutBatch) throws(FulcrumError) -> [UpdatePhase]
  ) -> [ContractCheck] {
    PluginContract.checks(updateScheduler: ideaManual, [:]) { _, _ in
      SchedulerOf(passes: passes, body)
    }
  }

  private static func reporting(
    _ body: @escaping @Sendable (inout MetricSums) throws(FulcrumError) -> [UpdatePhase]
  ) -> [ContractCheck] {
    PluginContract.checks(updateScheduler: ideaManual, [:], type: ReportingSchedulerOf.self) {
      _, _ in ReportingSchedulerOf(body)
    }
  }
  private static let report = "what is reported is finite, the same again, and changes no phase"

  static let broken = [
    Broken(
      "asks for what the policy says now", "the declared columns are columns that a host computes",
      "expected columns of the batch, got 'current-lever' in 'needs'",
      PluginContract.checks(updateScheduler: ideaManual, [:]) { _, _ in
        SchedulerOf(needs: [Column(.current, .lever)]) { _ in [UpdatePhase(name: "all")] }
      }),
    Broken(
      "has other phases where it reports", report,
      "expected the same bits without a report and with one, got other phase names of a batch without"
        + " prompts, element 0: 'all' and then 'every'",
      reporting { _ in [UpdatePhase(name: "every")] }),
    Broken(
      "has no phases", "there is at least one phase and one pass",
      "expected at least one phase and one pass for a batch without prompts, got 0 and 1",
      checks { _ in [] }),
    Broken(
      "has no passes", "there is at least one phase and one pass",
      "expected at least one phase and one pass for a batch without prompts, got 1 and 0",
      checks(passes: 0) { _ in [UpdatePhase(name: "all")] }),
    Broken(
      "has a mask of sequences", "a mask has one entry for each token",
      "expected a mask of 0 tokens for a batch without tokens, got 3 in phase 'all'",
      checks { batch in
        [
          UpdatePhase(
            name: "all",
            participates: Array(repeating: true, count: batch.sequences.sequenceCount))
        ]
      }),
    Broken(
      "loses a token", "every token takes part in as many phases as there are passes",
      "expected every token in 1 of the phases for a batch of one token, got token 0 in 0",
      checks { batch in
        [
          UpdatePhase(name: "all", participates: (0..<batch.sequences.tokenCount).map { $0 > 0 })
        ]
      }),
    Broken(
      "repeats all tokens", "every token takes part in as many phases as there are passes",
      "expected every token in 1 of the phases for a batch of one token, got token 0 in 2: 'a', 'b'",
      checks { _ in [UpdatePhase(name: "a"), UpdatePhase(name: "b")] }),
    Broken(
      "calls two phases the same", "phases have names, no two of them the same",
      "expected distinct names of phases for a batch without prompts, got 'a', 'a'",
      checks(passes: 2) { _ in [UpdatePhase(name: "a"), UpdatePhase(name: "a")] }),
    Broken(
      "calls a phase nothing", "phases have names, no two of them the same",
      "expected distinct names of phases for a batch without prompts, got ''",
      checks { _ in [UpdatePhase(name: "")] }),
    Broken(
      "refuses a batch without tokens", "an empty batch is accepted",
      "expected a batch without prompts to be accepted, got: nothing to split",
      checks { (batch) throws(FulcrumError) in
        if batch.sequences.tokenCount == 0 { throw FulcrumError(.data, "nothing to split") }
        return [UpdatePhase(name: "all")]
      }),
    Broken(
      "expects one mini-batch", "a batch of two mini-batches is accepted",
      "expected a batch of two mini-batches to be accepted, got: two",
      checks { (batch) throws(FulcrumError) in
        if batch.minibatchOffsets.count > 2 { throw FulcrumError(.data, "two") }
        return [UpdatePhase(name: "all")]
      }),
    Broken(
      "reads a column that it doesn't declare", "the declared columns are all that is read",
      "expected the hand-sized batch to be accepted, got: column entropies was not computed",
      checks { (batch) throws(FulcrumError) in
        let entropies = try batch.column(.entropies)
        let isLow = entropies.indices.map { entropies[$0] < 1 }
        return [
          UpdatePhase(name: "low", participates: isLow),
          UpdatePhase(name: "high", participates: isLow.map { !$0 }),
        ]
      }),
    Broken(
      "writes to the batch", "the batch is left as it was",
      "expected the same bits in the hand-sized batch before and after the call, got other",
      checks { batch in
        overwrite(batch.rewards)
        return [UpdatePhase(name: "all")]
      }),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a sound scheduler passes, from its type and from a closure`() {
    expectKept(PluginContract.checks(for: SoundScheduler.self))
    expectKept(PluginContract.checks(for: SoundScheduler.self, ["x": .number(0)]))
    expectKept(Self.checks { _ in [UpdatePhase(name: "all")] })
    expectKept(
      Self.reporting { metrics in
        metrics.add("one", sum: 1, count: 1)
        return [UpdatePhase(name: "all")]
      })
  }

  @Test func `every check has its mistake`() {
    let names = Self.reporting { _ in [] }.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(
      PluginContract.checks(for: SoundScheduler.self).map(\.name)
        == names.filter { $0 != Self.report })
    #expect(Set(names) == Set((Self.broken + CommonContractTests.broken).map(\.check)))
  }
}
