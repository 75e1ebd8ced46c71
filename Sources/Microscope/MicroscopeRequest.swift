import Settings
import YAML

/// Holds what a user asks the microscope for.
package struct MicroscopeRequest: Sendable {
  /// A run directory, or a configuration file.
  package var path: String
  /// The configuration, where it was read before; `nil`: the one at the path.
  package var configuration: ConfigurationTree?
  /// A policy's folder; `nil`: a run's newest checkpoint, or the configuration's own policy.
  package var checkpoint: String?
  /// The number of batches; `nil`: as the configuration says.
  package var batches: Int?
  /// Whether to sample, though the run recorded its rollouts.
  package var isFresh = false
  package var optimizer = OptimizerChoice.sgd
  /// The learning rate; `nil`: 1e-3 for plain ascent, as in the paper; else the configuration's at this step.
  package var learningRate: Double?
  /// Arms beside the configuration's own way; `nil`: as the configuration says.
  package var arms: [ArmChoice]?
  /// A file with lists of words; `nil`: as the configuration says.
  package var words: String?
  /// The number of tokens that the policy knows; `nil`: what the policy says.
  package var vocabulary: Int?
  /// The number of tokens of each interval and batch whose gradients at the layers are looked at; 0:
  /// none.
  package var layerTokens = 64

  package init(path: String) { self.path = path }
}
