import FulcrumKernel
import PluginHost
import Runs
import Settings
import Training

/// The policy with which a configuration begins, to be set beside what became of it.
struct StartingPolicy {
  private let policy: any PolicyModel
  private let sampler: RolloutSampler

  /// - Throws: as making a policy does: its files may be gone since.
  init(_ components: RunComponents) throws(FulcrumError) {
    let setup = components.setup
    let start = try Checkpoint.start(of: setup.configuration)
    policy = try setup.factory.policy(
      try setup.configuration.choice(.policy), checkpoint: start?.path)
    guard policy.isReady else {
      throw FulcrumError(
        .configuration, "expected a policy with weights, got one without a checkpoint",
        at: "policy.checkpoint")
    }
    sampler = components.sampler
  }

  /// Completes a rollout's prompts, each as often as the rollout has.
  func complete(_ rollout: Rollout, step: UInt32) throws(FulcrumError) -> Rollout {
    let sequences = rollout.sequences
    let own = RolloutSampler(
      policy: policy, rewards: sampler.rewards,
      samples: rollout.items.indices.map { sequences.sequences(ofGroup: $0).count }.max() ?? 0,
      maximumTokens: sampler.maximumTokens, temperature: sampler.temperature,
      options: sampler.options, seed: sampler.seed,
      // What has no score is left out of the figure; it is no reason to stop.
      onFailure: .dropSample)
    return try own.collect(rollout.items, step: step)
  }
}
