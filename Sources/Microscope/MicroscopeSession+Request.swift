import Foundation
import FulcrumKernel
import PluginHost
import Runs
import Settings
import Training
import YAML

/// Finds what a request names, and checks it.
extension MicroscopeSession {
  /// Holds what a checkpoint gives the microscope; of a policy's folder that no run wrote, the folder
  /// alone.
  struct CheckpointParts {
    /// The policy's folder; `nil`: the configuration's own policy.
    var folder: String?
    var counters = RunCounters()
    var optimizer: String?
    var reference: String?

    init(_ checkpoint: Checkpoint) {
      folder = checkpoint.path
      counters = checkpoint.counters
      optimizer = checkpoint.optimizer
      reference = checkpoint.reference
    }

    init(folder: String?) { self.folder = folder }
  }

  static func checkpoint(
    _ request: MicroscopeRequest, _ run: RunDirectory?, note: (String) -> Void
  ) throws(FulcrumError) -> CheckpointParts {
    guard let folder = request.checkpoint else {
      guard let run else { return CheckpointParts(folder: nil) }
      return CheckpointParts(try CheckpointSearch(run).required(note: note))
    }
    do throws(FulcrumError) {
      return CheckpointParts(try Checkpoint(folder))
    } catch {
      // A policy's folder that no run wrote has no counters.
      guard error.code == .notFound, FileManager.default.fileExists(atPath: folder) else {
        throw error
      }
      return CheckpointParts(folder: folder)
    }
  }

  /// Returns the newest of a run's recorded rollouts; none if they are to be sampled.
  static func records(
    _ request: MicroscopeRequest, _ run: RunDirectory?, batches: Int
  ) throws(FulcrumError) -> [(path: String, step: UInt32)] {
    guard let run, !request.isFresh else { return [] }
    let steps = RolloutRecord.steps(in: run.rollouts)
    guard !steps.isEmpty else { return [] }
    guard steps.count >= batches else {
      throw FulcrumError(
        .usage, "expected \(batches) recorded rollouts, found \(steps.count)",
        at: run.rollouts, hint: "give --batches \(steps.count), or --fresh to sample others")
    }
    return steps.suffix(batches).map { step in
      (RolloutRecord.path(step: UInt32(step), in: run.rollouts), UInt32(step))
    }
  }

  static func words(
    _ option: String?, _ settings: MicroscopeSettings, _ configuration: RunConfiguration
  ) throws(FulcrumError) -> WordLists {
    if let option { return try WordLists(file: option) }
    guard let file = settings.words else { return try .builtIn() }
    do {
      return try WordLists(file: file)
    } catch {
      guard error.code == .notFound else { throw error }
      let missing = FulcrumError(
        error.code, "\(error.message) at \(file)",
        at: "microscope.words",
        hint: "name it with --words; " + (error.hint ?? ""))
      let tree = configuration.tree
      throw tree.placed(MissingPath(tree).explain(missing, path: file))
    }
  }

  static func vocabulary(_ request: MicroscopeRequest, _ policy: any PolicyModel)
    throws(FulcrumError) -> Int
  {
    var size = request.vocabulary
    if size == nil,
      case .integer(let said)? = (policy as? any DescribedPolicy)?.facts.first(where: {
        $0.name == "vocabulary"
      })?.value
    {
      size = said
    }
    guard let size else {
      throw FulcrumError(
        .usage,
        "expected a policy that says how many tokens its vocabulary has, got one that"
          + " doesn't", at: "--vocabulary", hint: "give their number with --vocabulary N")
    }
    guard size >= 2 else {
      throw FulcrumError(.usage, "expected at least 2 tokens, got \(size)", at: "--vocabulary")
    }
    return size
  }

  /// Returns the request's learning rate; else the paper's for plain ascent, and the configuration's for
  /// its own optimiser.
  static func learningRate(
    _ request: MicroscopeRequest, _ configuration: RunConfiguration, step: Int
  ) -> Double {
    if let given = request.learningRate { return given }
    if request.optimizer == .sgd { return 1e-3 }
    return configuration.update.learningRate.schedule(steps: configuration.general.steps)
      .rate(step: step + 1)
  }

  /// Returns the policy that takes the updates, in an experiment.
  ///
  /// - Parameters:
  ///   - folder: the policy's checkpoint; `nil`: the configuration's.
  ///   - optimizer: a run's optimiser state, for its own optimiser to go on from.
  /// - Throws: `.unsupported` for a policy without plain ascent or snapshots.
  static func experiment(
    _ choice: OptimizerChoice, _ setup: RunSetup, folder: String?, optimizer: String?,
    learningRate: Double
  ) throws(FulcrumError) -> Experiment {
    let configured = try setup.configuration.choice(.policy)
    let policy: any PolicyModel
    do throws(FulcrumError) {
      policy = try setup.factory.policy(
        configured, checkpoint: folder, isPlain: choice == .sgd)
    } catch {
      guard choice == .sgd, error.code == .unsupported else { throw error }
      throw FulcrumError(
        error.code, error.message, at: "--optimizer sgd",
        hint: "--optimizer adamw takes the policy's own optimiser")
    }
    if choice == .adamw, let optimizer { try policy.loadOptimizer(from: optimizer) }
    return try Experiment(
      try policy.capability((any SnapshotPolicy).self, to: "set its state aside and put it back"),
      learningRate: learningRate)
  }

  /// Returns the configuration's own way to train and its other arms, or the request's; all share a
  /// policy.
  static func arms(
    _ request: MicroscopeRequest, _ components: RunComponents, reference: String?
  ) throws(FulcrumError) -> [ArmComponents] {
    let configuration = components.configuration
    var arms = [ArmComponents(name: configuration.armName, components: components.training)]
    let others = if let arms = request.arms { arms } else { try configuration.arms() }
    for arm in others {
      let changed = try arm.applied(to: configuration.tree)
      do throws(FulcrumError) {
        let own = try RunComponents(
          try RunConfiguration(tree: changed), armOf: components, reference: reference)
        arms.append(ArmComponents(name: arm.name, components: own.training))
      } catch {
        throw arm.placed(error)
      }
    }
    return arms
  }
}
