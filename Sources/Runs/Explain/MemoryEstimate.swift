import FulcrumKernel
import Settings
import Training

/// Tells what memory a run will take, where the policy knows it before it has read its weights.
package struct MemoryEstimate {
  private let parts: [MemoryPart]

  /// - Returns: `nil` for a policy that doesn't know.
  package init?(_ components: RunComponents, _ data: DataCheck) throws(FulcrumError) {
    guard let policy = components.policy as? any MemoryEstimatingPolicy else { return nil }
    let rollout = components.configuration.rollout
    parts = try policy.memory(
      for: MemoryDemand(
        promptTokens: data.longestPrompt, completionTokens: rollout.maximumTokens,
        completions: rollout.prompts * rollout.samples,
        hasReference: components.training.reference != nil))
  }

  package var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }

  package var lines: [(label: String, value: String)] {
    [("memory, each process", "about " + BatchArithmetic.bytes(bytes) + " at a step's peak")]
      + parts.map { ("  " + $0.name, BatchArithmetic.bytes($0.bytes)) }
  }
}
