import FulcrumKernel

/// Holds what a step of a job takes on a machine, phase by phase.
package struct StepPlan: Sendable {
  /// Lists the phases of a step in their order.
  package enum Phase: String, Sendable, CaseIterable {
    /// To a sampler of its own.
    case transfer = "weights to the sampler"
    case sampling, rewards
    case old = "old log-probabilities"
    case reference, training
    case gradient = "sum of gradients"
    case optimizer = "optimiser"
    case probe

    /// The metric of a run that has the phase's seconds.
    package var metric: String {
      switch self {
      case .transfer, .sampling, .rewards: "time/rollout"
      case .old, .reference: "time/scoring"
      case .training, .gradient, .optimizer: "time/update"
      case .probe: "time/probe"
      }
    }
  }

  package let job: Job
  package let layout: Layout
  /// Each phase that takes time.
  package let phases: [(phase: Phase, cost: Cost)]
  /// Tokens of all completions.
  package let completionTokens: Int
  /// Operations that the step needs at least, without padding and recomputation: of training alone, and of all.
  package let trainingOperations: Double
  package let operations: Double
  /// Operations a second that all ranks' peak comes to.
  package let peak: Double
  package let memory: MemoryPlan

  /// Seconds of all phases, one after the other.
  package var sum: Double { phases.reduce(0) { $0 + $1.cost.seconds } }
  /// Seconds of the step.
  package var seconds: Double {
    guard job.isAhead else { return sum }
    let rollout = seconds(of: Phase.sampling.metric)
    return max(rollout, sum - rollout)
  }
  package var tokensPerSecond: Double { Double(completionTokens) / seconds }

  /// Returns the seconds of a run's metric.
  package func seconds(of metric: String) -> Double {
    phases.filter { $0.phase.metric == metric }.reduce(0) { $0 + $1.cost.seconds }
  }

  /// Model FLOPs utilisation: of the training passes, and of the whole step.
  package var trainingEfficiency: Double {
    trainingOperations / (seconds(of: Phase.training.metric) * peak)
  }
  package var efficiency: Double { operations / (seconds * peak) }

  /// - Throws: `.configuration` if the machine has no rate that the job needs.
  package init(_ job: Job, on machine: Machine, _ layout: Layout) throws(FulcrumError) {
    try Self.check(job, machine, layout)
    self.job = job
    self.layout = layout
    let sequences = job.sequences()
    let simulation = StepSimulation(job: job, machine: machine, layout: layout)
    var phases: [(phase: Phase, cost: Cost)] = [
      (.transfer, job.engine.hasServer ? simulation.transfer : Cost()),
      (.sampling, simulation.sampling(sequences)),
      (.rewards, Cost([.rewards: job.rewardSeconds * Double(job.completions)])),
    ]
    let scoring = simulation.scoring(sequences)
    if job.recomputesOld { phases.append((.old, scoring)) }
    if job.hasReference { phases.append((.reference, scoring)) }
    let (training, gradient, optimizer) = simulation.update(sequences)
    phases += [(.training, training), (.gradient, gradient), (.optimizer, optimizer)]
    let probed = Int((job.probedShare * Double(job.completions)).rounded(.up))
    if probed > 0 { phases.append((.probe, simulation.scoring(Array(sequences.prefix(probed))))) }
    self.phases = phases.filter { $0.cost.seconds > 0 }
    completionTokens = sequences.reduce(0) { $0 + $1.scored }
    let forward = simulation.operations(sequences)
    let updates = Double(job.iterations * job.phases)
    trainingOperations = forward * updates * (job.adapterWeights > 0 ? 2 : 3)
    let scored = (job.recomputesOld ? 1.0 : 0) + (job.hasReference ? 1 : 0)
    operations = trainingOperations + forward * (1 + scored)
    let ranks =
      Double(
        machine.cores > 0 ? machine.cores * layout.nodes : layout.ranks)
      + (job.engine.hasServer && machine.isGPU ? Double(job.engine.serverDevices) : 0)
    peak = machine.peak.of(isBF16: job.engine.isBF16) * ranks
    memory = MemoryPlan(job, machine, layout)
  }

  private static func check(_ job: Job, _ machine: Machine, _ layout: Layout) throws(FulcrumError) {
    let rates = [
      machine.peak, machine.scoring.products, machine.scoring.attention, machine.training.products,
      machine.training.attention, machine.sampling.products,
    ]
    if job.engine.isBF16, rates.contains(where: { $0.bf16 <= 0 }) {
      throw FulcrumError(
        .configuration, "the machine '\(machine.name)' has no rates in bf16",
        at: "policy.precision", hint: "measure it on a GPU, or plan with f32")
    }
    if job.engine.hasServer {
      guard let server = machine.server else {
        throw FulcrumError(
          .configuration,
          "the machine '\(machine.name)' has no rates of a sampler of its own: no section 'server'",
          at: "policy.sampler", hint: "add the section, with the keys of 'sampling'")
      }
      if job.engine.isBF16, server.products.bf16 <= 0 {
        throw FulcrumError(
          .configuration, "the machine '\(machine.name)' has no rates in bf16 under 'server'",
          at: "policy.precision", hint: "add them, or plan with f32")
      }
    }
  }
}
