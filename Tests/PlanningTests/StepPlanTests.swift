import FulcrumKernel
import Planning
import Testing

/// A step whose passes, sums and steps take round numbers of seconds, worked out by hand.
///
/// Tolerances are for sums of some ten rounded numbers.
@Suite struct StepPlanTests {
  /// 16 + 18 weights in matrices, two norms of 2, an embedding of 10, a norm of 2: 50 parameters.
  static let model = ModelShape(
    name: "m", layers: 1, width: 2, heads: 1, keyValueHeads: 1, headSize: 2, feedForward: 3,
    vocabulary: 5, isTied: true)

  /// A scoring pass takes 1 s, a training pass 3 s, a decoding step 0.1 s, an optimiser step 0.5 s, and nothing
  /// else anything but the network: 1 ms and 100 bytes a second.
  static func machine() throws -> Machine {
    var machine = try #require(Machine.named("h100"))
    let none = PrecisionRate(f32: 1e30, bf16: 1e30)
    machine.scoring = PassRates(
      pass: 1, layer: 0, products: none, attention: none, elements: 1e30, logits: 1e30,
      gradients: 1e30)
    machine.training = machine.scoring
    machine.training.pass = 3
    machine.sampling = StepRates(
      step: 0.1, layer: 0, products: none, weights: 1e30, cache: 1e30, logits: 1e30, layout: 0)
    machine.optimizerStep = 0.5
    machine.optimizerBytes = 1e30
    machine.overlap = 0
    machine.within = Link(bandwidth: 100, latency: 0.001)
    machine.transfer = 50
    return machine
  }

  /// Four prompts of 10 tokens, two completions of 10 each: sequences of 19 inputs, two in a pass.
  static var job: Job {
    var engine = EngineOptions()
    engine.microbatchTokens = 40
    engine.sharesPrompts = false
    return Job(
      model: model, prompts: 4, samples: 2, promptTokens: 10, meanLength: 10, maximumLength: 10,
      minibatchPrompts: 2, recomputesOld: true, hasReference: true, rewardSeconds: 0.25,
      engine: engine)
  }

  private static func seconds(_ plan: StepPlan) -> [StepPlan.Phase: Double] {
    Dictionary(uniqueKeysWithValues: plan.phases.map { ($0.phase, $0.cost.seconds) })
  }

  private func expect(_ plan: StepPlan, _ expected: [StepPlan.Phase: Double]) {
    let found = Self.seconds(plan)
    #expect(Set(found.keys) == Set(expected.keys))
    for (phase, seconds) in expected {
      #expect(abs((found[phase] ?? 0) - seconds) < 1e-9, "\(phase)")
    }
  }

  @Test func `one rank takes pass after pass`() throws {
    let plan = try StepPlan(Self.job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 1))
    expect(
      plan,
      [
        // One pass over the prompts; the first tokens come from it, nine steps give the others.
        .sampling: 1.9, .rewards: 2, .old: 4, .reference: 4,
        // Two mini-batches of four sequences.
        .training: 12, .optimizer: 1,
      ])
    #expect(plan.completionTokens == 80)
    #expect(abs(plan.seconds(of: "time/rollout") - 3.9) < 1e-9)
    #expect(abs(plan.seconds(of: "time/scoring") - 8) < 1e-9)
    #expect(abs(plan.seconds(of: "time/update") - 13) < 1e-9)
    #expect(abs(plan.tokensPerSecond - 80 / 24.9) < 1e-9)
  }

  @Test func `two ranks share the passes and sum gradients`() throws {
    let plan = try StepPlan(Self.job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 2))
    // Each round: scores to rank 0, weights back.
    let scoring: Double = 2 * 1.002
    let training: Double = 2 * 3.002
    // Eleven tensors, 200 bytes: a latency and half of the bytes, there and back.
    let sum: Double = 0.022 + 2
    expect(
      plan,
      [
        .sampling: 1.9, .rewards: 2, .old: scoring, .reference: scoring, .training: training,
        .gradient: 2 * sum, .optimizer: 1,
      ])
  }

  @Test func `ranks that share the weights gather them layer by layer`() throws {
    var job = Self.job
    job.engine.isSharded = true
    let plan = try StepPlan(job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 2))
    // The layer and the rest, 25 parameters each.
    let gather: Double = 2 * 0.501
    let scoring: Double = 2 * (1.002 + gather)
    // Gathered for the forward and for the backward pass; gradients are summed.
    let training: Double = 2 * (3.002 + 3 * gather)
    expect(
      plan,
      [
        // The whole weights, once.
        .sampling: 2.901, .rewards: 2, .old: scoring, .reference: scoring, .training: training,
        .optimizer: 1,
      ])
    var machine = try Self.machine()
    machine.overlap = 0.5
    let hidden = try StepPlan(job, on: machine, Layout(nodes: 1, ranksOfNode: 2))
    // Half of a pass's time, its exchange of scores included, hides that of the network.
    let visible: Double = training - 3.002
    #expect(abs((Self.seconds(hidden)[.training] ?? 0) - visible) < 1e-9)
  }

  @Test func `ranks wait for the one with the most`() throws {
    var job = Self.job
    (job.prompts, job.samples, job.minibatchPrompts) = (3, 1, 3)
    (job.recomputesOld, job.hasReference, job.rewardSeconds) = (false, true, 0)
    job.engine.microbatchTokens = 19
    let plan = try StepPlan(job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 2))
    let reference = try #require(plan.phases.first { $0.phase == .reference }).cost
    // Two rounds; in the second one rank has nothing.
    #expect(abs(reference[.overhead] - 1.5) < 1e-9)
    #expect(abs(reference[.waiting] - 0.5) < 1e-9)
  }

  /// Phases share the tokens; each goes through all sequences.
  @Test func `phases and iterations multiply the update`() throws {
    var job = Self.job
    (job.phases, job.iterations) = (2, 3)
    let plan = try StepPlan(job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 1))
    #expect(job.optimizerSteps == 12)
    #expect(abs((Self.seconds(plan)[.training] ?? 0) - 72) < 1e-9)
    #expect(abs((Self.seconds(plan)[.optimizer] ?? 0) - 6) < 1e-9)
  }

  @Test func `a sampler of its own waits for the weights`() throws {
    var job = Self.job
    job.engine.hasServer = true
    var machine = try Self.machine()
    machine.server?.step = 0.01
    machine.server?.weights = 1e30
    machine.server?.cache = 1e30
    machine.server?.logits = 1e30
    machine.server?.products = machine.scoring.products
    let plan = try StepPlan(job, on: machine, Layout(nodes: 1, ranksOfNode: 1))
    #expect(abs((Self.seconds(plan)[.sampling] ?? 0) - 1.09) < 1e-9)
    #expect(abs((Self.seconds(plan)[.transfer] ?? 0) - 4) < 1e-9)
    job.engine.serverDevices = 2
    let shared = try StepPlan(job, on: machine, Layout(nodes: 1, ranksOfNode: 1))
    let network = try #require(shared.phases.first { $0.phase == .sampling }).cost[.network]
    // Two sums of a layer: for 40 prompt tokens of 8 bytes, then nine times for 8 rows.
    let prefill: Double = 4 * 1.601
    let steps: Double = 36 * 0.321
    #expect(abs(network - (prefill + steps)) < 1e-9)
    machine.server = nil
    let error = #expect(throws: FulcrumError.self) {
      _ = try StepPlan(job, on: machine, Layout(nodes: 1, ranksOfNode: 1))
    }
    #expect(
      error?.message
        == "the machine 'H100 SXM 80 GB' has no rates of a sampler of its own: no section 'server'")
    #expect(error?.location == "policy.sampler")
  }

  /// Sampling and rewards take 3.9 s, the rest 21 s.
  @Test func `a step that samples ahead takes the longer of sampling and the rest`() throws {
    var job = Self.job
    job.isAhead = true
    let plan = try StepPlan(job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 1))
    #expect(abs(plan.seconds - 21) < 1e-9)
    #expect(abs(plan.sum - 24.9) < 1e-9)
    job.rewardSeconds = 3
    let slow = try StepPlan(job, on: Self.machine(), Layout(nodes: 1, ranksOfNode: 1))
    #expect(abs(slow.seconds - 25.9) < 1e-9)
  }

  @Test func `a machine without rates in bf16 is refused`() throws {
    var job = Self.job
    job.engine.isBF16 = true
    var machine = try Self.machine()
    machine.training.attention.bf16 = 0
    let error = #expect(throws: FulcrumError.self) {
      _ = try StepPlan(job, on: machine, Layout(nodes: 1, ranksOfNode: 1))
    }
    #expect(error?.message == "the machine 'H100 SXM 80 GB' has no rates in bf16")
    #expect(error?.hint == "measure it on a GPU, or plan with f32")
  }

  /// Training's operations, three times a forward pass's, over 13 s of one peak.
  @Test func `efficiency is of operations without padding`() throws {
    var machine = try Self.machine()
    machine.peak.f32 = 1000
    let plan = try StepPlan(Self.job, on: machine, Layout(nodes: 1, ranksOfNode: 1))
    // Rows 19 · 2 · 34, pairs 19 · 20 / 2 · 4 · 2, logits 10 · 2 · 10: 3012.
    let forward: Double = 8 * 3012
    #expect(abs(plan.trainingOperations - 3 * forward) < 1e-6)
    #expect(abs(plan.trainingEfficiency - 3 * forward / 13_000) < 1e-9)
    // Sampled once, scored twice.
    #expect(abs(plan.efficiency - 6 * forward / 24_900) < 1e-9)
  }
}
