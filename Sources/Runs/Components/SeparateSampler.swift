import FulcrumKernel
import Settings
import Training

extension RunConfiguration {
  /// Refuses what the program that samples can't do for the update.
  ///
  /// - Parameter sampler: the name of the program, if it is another than the policy.
  /// - Throws: `.configuration` at the key.
  func checkSampler(_ sampler: String?) throws(FulcrumError) {
    guard let sampler else {
      guard rollout.isAhead else { return }
      throw FulcrumError(
        .configuration, "expected 0 for a policy that samples by itself, got 1",
        at: "rollout.ahead",
        hint:
          "a policy that samples by a program of its own can: policy.use torch with policy.sampler"
          + " vllm")
    }
    guard rollout.replay == nil, let cut = rollout.sampling.cuts.first else { return }
    let parts = cut.split(separator: " ")
    throw FulcrumError(
      .configuration,
      "expected draws from the whole distribution by \(sampler), got \(cut)",
      at: "rollout.\(parts[0])",
      hint:
        "\(sampler) tells log π of the distribution that is left by the cut, which can't be compared"
        + " with the policy's: leave it out, or set policy.sampler to torch")
  }
}
