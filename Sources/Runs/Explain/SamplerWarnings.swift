import FulcrumKernel
import Settings
import Training

/// Finds what is seldom meant where another program than the policy samples.
enum SamplerWarnings {
  static func found(in components: RunComponents) -> [String] {
    let training = components.training
    let separate = (training.policy as? any SeparateSamplerPolicy)?.separateSampler
    let recomputes = training.options.recomputesOldLogProbabilities
    let readers = training.transforms.filter {
      $0.component.needs.isSuperset(of: [.oldLogProbabilities, .rolloutLogProbabilities])
    }.map(\.name)
    guard let separate else {
      return readers.filter { _ in !recomputes }.map {
        "\($0) compares the sampler's log π with the trainer's, which are the same numbers here: set"
          + " update.old-log-probabilities to recompute"
      }
    }
    if !recomputes {
      return [
        "update.old-log-probabilities = rollout: ratios are of the policy to \(separate)'s numbers, and"
          + " their clipping acts on the difference of two programs: recompute keeps them apart"
      ]
    }
    guard readers.isEmpty else { return [] }
    let ahead = components.configuration.rollout.isAhead ? ", one step before," : ""
    return [
      "\(separate) samples\(ahead) and no advantage corrects for the difference to the policy: name one that"
        + " compares rollout-log-probabilities with old-log-probabilities, after the others"
    ]
  }
}
