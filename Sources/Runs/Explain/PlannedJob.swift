import FulcrumKernel
import Planning
import PluginHost
import Settings
import Training
import YAML

/// Holds what a configuration asks of a machine in one step, read without making its policy.
package struct PlannedJob {
  package let job: Job
  /// What was taken for granted, for want of better, as texts.
  package let assumptions: [String]

  /// Holds what a configuration doesn't say.
  package struct Given {
    /// The model; `nil`: the policy's checkpoint.
    package var model: ModelShape?
    package var promptTokens: Int?
    package var meanLength: Double?
    package var rewardSeconds: Double?
    package var serverDevices: Int?

    package init() {}
  }

  /// A prompt's tokens, where nobody says how many.
  private static let promptTokens = 256

  /// - Throws: `.unsupported` for a policy that doesn't have the engine's parameters.
  package init(
    _ configuration: RunConfiguration, _ given: Given,
    host: (_ settings: PluginSettings) -> PluginHost
  ) throws(FulcrumError) {
    let tree = configuration.tree
    let factory = ComponentFactory(
      host: host(configuration.general.plugins),
      context: ComponentContext(seed: configuration.general.seed), tree: tree)
    let longest = configuration.rollout.maximumTokens
    let mean = given.meanLength ?? max(1, Double(longest) / 2)
    guard mean <= Double(longest) else {
      throw FulcrumError(
        .usage,
        "expected a mean length of at most rollout.max-new-tokens = \(longest), got \(mean)",
        at: "--mean-length")
    }
    var faults = ConfigurationFaults(tree)
    factory.gatherFaults(
      of: [.policy] + ComponentKey.trained, in: tree, readsCheckpoint: given.model == nil, &faults)
    try faults.check()
    do throws(FulcrumError) {
      let choice = try configuration.choice(.policy)
      let policy = try factory.resolve(.policy, choice)
      var engine = try Self.engine(
        policy.found.component.manual, policy.parameters, at: choice.path)
      if let devices = given.serverDevices { engine.serverDevices = devices }
      try configuration.checkSampler(engine.hasServer ? "vLLM" : nil)
      let options = try configuration.update.options(
        rollout: configuration.rollout, logging: configuration.logging,
        samplesApart: engine.hasServer)
      if tree.root["threads"] != nil { engine.threads = configuration.general.threads }
      let model: ModelShape =
        if let named = given.model { named } else { try Self.model(of: choice, factory) }
      var needs: Set<Column> = []
      for choice in try configuration.choices(.advantage) {
        needs.formUnion(try factory.transform(choice).component.needs)
      }
      for choice in try configuration.choices(.objective) {
        needs.formUnion(try factory.objective(choice).component.needs)
      }
      let scheduler = try configuration.choices(.schedule).first
      let probe = try SchedulerProbe(
        try scheduler.map { (choice) throws(FulcrumError) in try factory.scheduler(choice) })
      let rollout = configuration.rollout
      var job = Job(
        model: model, prompts: rollout.prompts, samples: rollout.samples,
        promptTokens: given.promptTokens ?? Self.promptTokens, meanLength: mean,
        maximumLength: rollout.maximumTokens, minibatchPrompts: options.minibatchPrompts,
        phases: probe.phases.count, iterations: options.iterations,
        recomputesOld: options.recomputesOldLogProbabilities,
        hasReference: needs.contains { $0.policy == .reference },
        probedShare: options.probedShare, rewardSeconds: given.rewardSeconds ?? 0, engine: engine)
      job.isAhead = rollout.isAhead
      self.job = job
    } catch {
      throw tree.placed(error)
    }
    assumptions = Self.assumptions(given, job)
  }

  /// Reads the sizes of the model that a policy starts from.
  private static func model(of choice: ComponentChoice, _ factory: ComponentFactory)
    throws(FulcrumError) -> ModelShape
  {
    let manual = try factory.resolve(.policy, choice).found.component.manual
    let name = manual.parameters.first { $0.meaning == .checkpoint }?.name ?? "checkpoint"
    do throws(FulcrumError) {
      if let checkpoint = try factory.checkpoint(of: choice) {
        return try ModelShape.at(checkpoint)
      }
    } catch {
      throw error.within("\(choice.path).\(name)")
    }
    throw FulcrumError(
      .configuration, "expected a checkpoint, got none", at: "\(choice.path).\(name)",
      hint: "name one, or give --model")
  }

  private static func assumptions(_ given: Given, _ job: Job) -> [String] {
    var texts: [String] = []
    if given.promptTokens == nil {
      texts.append("prompts of \(promptTokens) tokens (--prompt-tokens)")
    }
    if given.meanLength == nil {
      texts.append("completions half as long as they may be (--mean-length)")
    }
    texts.append("lengths as if completions ended at any token alike")
    if given.rewardSeconds == nil { texts.append("rewards that take no time (--reward-seconds)") }
    if job.engine.hasServer {
      texts.append("a sampler on devices beside those of --gpus, with room for the model")
    }
    if job.phases > 1 {
      texts.append("phases that have equal shares of the tokens")
    }
    return texts
  }

  /// Reads the policy's parameters by the names that the engine gives them.
  private static func engine(
    _ manual: ComponentManual, _ values: Parameters, at path: String
  ) throws(FulcrumError) -> EngineOptions {
    let names = Set(manual.parameters.map(\.name))
    let needed = ["precision", "shard", "microbatch-tokens", "decoding-rows"]
    guard names.isSuperset(of: needed) else {
      throw FulcrumError(
        .unsupported,
        "a plan needs a policy with the parameters \(needed.joined(separator: ", "));"
          + " \(manual.name) has not", at: "\(path).use",
        hint: "'fulcrum explain' takes a trial step with it; a policy of ranks has them")
    }
    func flag(_ name: String, _ usual: Bool) throws(FulcrumError) -> Bool {
      names.contains(name) ? try values.flag(name) : usual
    }
    var engine = EngineOptions()
    engine.isBF16 = try values.text("precision") == "bf16"
    engine.isSharded = try values.text("shard") != "none"
    engine.microbatchTokens = try values.integer("microbatch-tokens")
    engine.decodingRows = try values.integer("decoding-rows")
    engine.checkpoints = try flag("gradient-checkpointing", false)
    engine.sharesPrompts = try flag("share-prompts", false)
    if names.contains("lora-rank") { engine.loraRank = try values.integer("lora-rank") }
    if names.contains("lora-targets") { engine.loraTargets = try values.texts("lora-targets") }
    if names.contains("optimizer") { engine.isAdamW = try values.text("optimizer") == "adamw" }
    if names.contains("sampler") { engine.hasServer = try values.text("sampler") == "vllm" }
    if names.contains("vllm-transfer") {
      engine.sendsDirectly = try values.text("vllm-transfer") == "nccl"
    }
    if names.contains("vllm-options") {
      let parts = try values.texts("vllm-options").compactMap { option in
        let pair = option.split(separator: "=")
        return pair.count == 2 && pair[0] == "tensor_parallel_size" ? Int(pair[1]) : nil
      }
      engine.serverDevices = max(1, parts.last ?? 1)
    }
    return engine
  }
}
