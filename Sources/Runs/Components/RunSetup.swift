import FulcrumKernel
import PluginHost
import Settings
import Stages
import Training
import YAML

/// Holds a configuration with its task and its policy made. Every command on a configuration begins
/// with it.
package struct RunSetup {
  package let configuration: RunConfiguration
  package let factory: ComponentFactory
  package let task: RunTask
  /// The tasks under `transfer`, if the command reads that key.
  let transfer: [TransferTask]
  /// Evaluations have items of tasks that training doesn't have.
  package var hasTransfer: Bool { !transfer.isEmpty }
  package let policy: any PolicyModel
  /// Whether the policy is the one that the configuration names, rather than a checkpoint's.
  let hasOwnPolicy: Bool

  /// - Parameters:
  ///   - checkpoint: replaces the checkpoint that the configuration's policy names.
  ///   - keys: the keys whose components the command reads; their faults are told at once, before any is
  ///     made.
  ///   - host: looks for plugins in the configuration's own folders first.
  package init(
    _ configuration: RunConfiguration, checkpoint: String? = nil,
    keys: [ComponentKey] = ComponentKey.made, host: (_ settings: PluginSettings) -> PluginHost
  ) throws(FulcrumError) {
    self.configuration = configuration
    hasOwnPolicy = checkpoint == nil
    let general = configuration.general
    let factory = ComponentFactory(
      host: host(general.plugins),
      context: ComponentContext(seed: general.seed, threads: general.threads),
      tree: configuration.tree)
    self.factory = factory
    var faults = ConfigurationFaults(configuration.tree)
    factory.gatherFaults(
      of: keys, in: configuration.tree, readsCheckpoint: checkpoint == nil, &faults)
    if keys.contains(.objective) {
      _ = faults.gather { () throws(FulcrumError) in
        try configuration.update.options(
          rollout: configuration.rollout, logging: configuration.logging)
      }
    }
    try faults.check()
    let task = try configuration.choice(.task)
    let policy = try configuration.choice(.policy)
    let madeTask = faults.gather { () throws(FulcrumError) in try factory.task(task) }
    let madePolicy = faults.gather { () throws(FulcrumError) in
      try factory.policy(policy, checkpoint: checkpoint)
    }
    let transfer = keys.contains(.transfer) ? try configuration.choices(.transfer) : []
    let madeTransfer = transfer.compactMap { choice in
      faults.gather { () throws(FulcrumError) in try factory.task(choice) }
    }
    try faults.check()
    guard let madeTask, let madePolicy else {
      preconditionFailure("a component without a fault was not made")
    }
    self.policy = madePolicy
    let folder: String? =
      if let checkpoint { checkpoint } else { try factory.checkpoint(of: policy) }
    let writer = ConversationWriter(
      configuration.chat, policy: madePolicy, checkpoint: folder, plugins: general.plugins)
    self.task = RunTask(source: madeTask, writer: writer)
    self.transfer = zip(transfer, madeTransfer).map {
      TransferTask(
        task: RunTask(source: $1, writer: writer), overlong: $0.overlong, path: $0.path)
    }
  }

  /// Makes the setup of another way to train the same policy. It shares what an arm doesn't change.
  init(_ configuration: RunConfiguration, armOf setup: RunSetup) {
    self.configuration = configuration
    factory = setup.factory
    task = setup.task
    transfer = setup.transfer
    policy = setup.policy
    hasOwnPolicy = setup.hasOwnPolicy
  }

  /// Makes the reward functions that the configuration names.
  package func makeRewards() throws(FulcrumError) -> [WeightedReward] {
    let choices = try configuration.choices(.reward)
    do throws(FulcrumError) {
      guard !choices.isEmpty else { throw ComponentKey.reward.missing }
      var rewards: [WeightedReward] = []
      for choice in choices { rewards.append(try factory.reward(choice)) }
      try Self.checkLabels(choices, of: rewards)
      return rewards
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// - Throws: `.configuration` for a label that is another reward's name, too.
  private static func checkLabels(_ choices: [ComponentChoice], of rewards: [WeightedReward])
    throws(FulcrumError)
  {
    let names = WeightedReward.apart(rewards.map(\.name))
    for (choice, name) in zip(choices, names) {
      guard let label = choice.label, name != label || names.count(where: { $0 == label }) > 1
      else { continue }
      throw FulcrumError(
        .configuration, "expected a name that no other reward has, got '\(label)'",
        at: "\(choice.path).\(ComponentChoice.labelKey)",
        hint: "metrics and tables tell rewards apart by their names")
    }
  }

  /// Makes the schedule that the configuration names; `nil`: it names none.
  func makeScheduler() throws(FulcrumError) -> Named<any UpdateScheduler>? {
    guard !(try configuration.choices(.schedule)).isEmpty else { return nil }
    return try factory.scheduler(try configuration.choice(.schedule))
  }

  /// Returns an evaluator in the way of the configuration's evaluations.
  package func evaluator(_ rewards: [WeightedReward]) -> Evaluator {
    let evaluation = configuration.evaluation
    func sampler(_ temperature: Double) -> RolloutSampler {
      evaluationSampler(rewards, samples: evaluation.samples, temperature: temperature)
    }
    let greedy = evaluationSampler(rewards, samples: 1, temperature: 0)
    return Evaluator(
      sampler: sampler(evaluation.temperature),
      others: evaluation.otherTemperatures.map { ($0, sampler($0)) },
      greedy: evaluation.isGreedyBeside ? greedy : nil, k: evaluation.passAt)
  }

  /// Returns a sampler with the limits and the draws of the configuration's evaluations.
  func evaluationSampler(_ rewards: [WeightedReward], samples: Int, temperature: Double)
    -> RolloutSampler
  {
    let evaluation = configuration.evaluation
    let (maximumTokens, options) = evaluation.limits(beside: configuration.rollout)
    return RolloutSampler(
      policy: policy, rewards: rewards, samples: samples, maximumTokens: maximumTokens,
      temperature: Float(temperature), options: options,
      seed: evaluation.seed ?? configuration.general.seed,
      onFailure: configuration.rollout.onFailure)
  }

  /// Returns a sampler in the way of the configuration's rollouts.
  func rolloutSampler(_ rewards: [WeightedReward]) -> RolloutSampler {
    let rollout = configuration.rollout
    return RolloutSampler(
      policy: policy, rewards: rewards, samples: rollout.samples,
      maximumTokens: rollout.maximumTokens, temperature: Float(rollout.temperature),
      options: rollout.sampling, seed: configuration.general.seed, onFailure: rollout.onFailure)
  }

  /// Returns the text of `run.yaml`: the configuration with every default, and all that took part.
  ///
  /// - Parameters:
  ///   - directory: the folder where the text will lie; `nil`: none yet.
  ///   - data: the files of data that the components read (see `dataFiles`).
  package func provenance(
    in directory: String? = nil, data: [DataFile]
  ) throws(FulcrumError) -> String {
    var parameters: [String: Parameters] = [:]
    var references: [String: String] = [:]
    for component in try resolvedComponents() {
      parameters[component.path] = component.parameters
      references[component.path] = component.reference
    }
    return try Provenance.yaml(
      configuration, resolved: parameters, references: references, host: factory.host, data: data,
      in: directory)
  }

  /// Returns the files of data that the components read, as they are now, in the order of the keys.
  /// Each is read whole, for its digest.
  ///
  /// - Throws: `.inputOutput` for a file that can't be read.
  package func dataFiles() throws(FulcrumError) -> [DataFile] {
    var paths: [String] = []
    for component in try resolvedComponents() {
      paths += component.dataFiles.filter { !paths.contains($0) }
    }
    // Other prompts are another run.
    if case .file(let template) = configuration.chat.template { paths.append(template) }
    return try DataFile.files(at: paths)
  }

  /// Returns every component that the configuration names, with all of its parameters.
  package func resolvedComponents() throws(FulcrumError) -> [ResolvedComponent] {
    var resolved: [ResolvedComponent] = []
    // What a run trains with comes first, and decides the order of its files of data.
    let trained = HostComponent.Kind.allCases.map(\.configurationKey)
    for key in trained + [.transfer] {
      let kind = key.kind
      for choice in try configuration.choices(key) {
        let (found, parameters) = try factory.resolve(kind, choice)
        resolved.append(
          ResolvedComponent(
            kind: kind, name: choice.use, reference: found.reference, plugin: found.plugin.path,
            path: choice.path, manual: found.component.manual, parameters: parameters))
      }
    }
    return resolved
  }
}

/// Holds a component that a configuration names, with its parameters complete.
package struct ResolvedComponent {
  package let kind: HostComponent.Kind
  /// The name, as the configuration writes it.
  package let name: String
  /// The reference that names it without a search among all libraries.
  package let reference: String
  /// The path of the plugin that has it.
  package let plugin: String
  /// The key path of the component.
  package let path: String
  package let manual: ComponentManual
  package let parameters: Parameters

  /// The line that says which plugin a search found it in; `nil`: its name says so.
  package var origin: (label: String, value: String)? {
    reference == name ? nil : ("\(path).use", "\(name) is \(reference), from \(plugin)")
  }

  /// The paths of data files that it gives.
  var dataFiles: [String] {
    let names = manual.parameters.filter { $0.meaning == .dataFile }.map(\.name)
    return parameters.resolved.filter { names.contains($0.name) }.flatMap { parameter -> [String] in
      switch parameter.value {
      case .text(let path): return [path]
      case .texts(let paths): return paths
      default: return []
      }
    }.filter { !$0.isEmpty }
  }

  /// Returns the numbers that it gives to parameters of a meaning, each with its parameter's name.
  func numbers(_ meaning: ParameterMeaning) -> [(name: String, value: Double)] {
    manual.parameters.filter { $0.meaning == meaning }.compactMap { parameter in
      guard
        case .number(let value)? = parameters.resolved.first(where: { $0.name == parameter.name })?
          .value
      else { return nil }
      return (parameter.name, value)
    }
  }
}
