import Foundation
import FulcrumKernel
import Training

/// Looks at a policy's tokens, levers and updates, batch by batch.
package struct Microscope {
  /// The policy under the microscope; it is scored, and never moved.
  package let policy: any PolicyModel
  let experiment: Experiment
  /// The configuration's own way to train.
  let components: StepComponents
  let arms: [ArmComponents]
  /// The number N of tokens that the policy knows.
  let vocabulary: Int
  /// Draws the tokens whose gradients at the layers are looked at.
  let layerSample: LayerSample

  package init(
    policy: any PolicyModel, experiment: Experiment, components: StepComponents,
    arms: [ArmComponents],
    vocabulary: Int, layerSample: LayerSample
  ) {
    self.policy = policy
    self.experiment = experiment
    self.components = components
    self.arms = arms
    self.vocabulary = vocabulary
    self.layerSample = layerSample
  }

  /// Holds what was measured, batch by batch.
  package struct Findings {
    package let batches: [BatchFindings]
    /// For each arm, the findings of each batch.
    package let arms: [(name: String, batches: [ArmFindings])]
    package let bounds: LeverBounds
    /// `nil`: not asked for, or the policy has no gradients at its layers.
    package let layers: LayerFindings?
  }

  /// Looks at batches, one after the other.
  ///
  /// - Parameters:
  ///   - next: gives the batches, with the step that each is of. Its log-probabilities are replaced
  ///     by this policy's.
  ///   - note: gets a line for each batch, and one for its layers.
  /// - Throws: what components throw; `.pluginFault` if the parameters don't give the same scores
  ///   at the end.
  package func look(
    batches count: Int, next: () throws(FulcrumError) -> (rollout: Rollout, step: UInt32),
    note: (String) -> Void = { _ in }
  ) throws(FulcrumError) -> Findings {
    var bounds = LeverBounds(vocabulary: vocabulary)
    var layers =
      layerSample.tokensByInterval > 0 ? LayerFindings(vocabulary: vocabulary) : nil
    var batches: [BatchFindings] = []
    var armFindings = [[ArmFindings]](repeating: [], count: arms.count)
    var last: Rollout?
    for number in 1...max(1, count) {
      let (sampled, step) = try next()
      let scored = try scores(of: sampled.sequences, by: policy)
      for token in scored.logProbabilities.indices {
        bounds.add(
          logProbability: scored.logProbabilities[token], lever: scored.levers[token])
      }
      let rollout = sampled.with(logProbabilities: scored.logProbabilities)
      note("batch \(number) of \(count): \(scored.logProbabilities.count) tokens of step \(step)")
      try look(at: rollout, batch: number - 1, into: &layers, note: note)
      batches.append(try BatchFindings(experiment, components, on: rollout, step: step))
      for (index, arm) in arms.enumerated() {
        armFindings[index].append(try ArmFindings(experiment, arm, on: rollout, step: step))
      }
      last = rollout
    }
    if let last { try check(last) }
    return Findings(
      batches: batches, arms: zip(arms, armFindings).map { ($0.name, $1) }, bounds: bounds,
      layers: layers)
  }

  /// Adds a sample of a batch's tokens to what is known of the layers; sets it to `nil` if the policy has
  /// no such gradients.
  private func look(
    at rollout: Rollout, batch: Int, into layers: inout LayerFindings?, note: (String) -> Void
  ) throws(FulcrumError) {
    guard var findings = layers else { return }
    let tokens = layerSample.places(logProbabilities: rollout.logProbabilities, batch: batch)
    note("layers: \(tokens.count) tokens")
    let temperature = components.options.temperature
    do throws(FulcrumError) {
      try findings.add(
        try policy.activationGradients(
          of: tokens, in: rollout.sequences, temperature: temperature),
        logProbabilities: tokens.map { rollout.logProbabilities[$0] }, temperature: temperature)
      layers = findings
    } catch {
      guard error.code == .unsupported else { throw error }
      note("layers: left out; \(error.message)")
      layers = nil
    }
  }

  /// Refuses a policy whose updates no longer begin where the first one did.
  private func check(_ rollout: Rollout) throws(FulcrumError) {
    let again = try scores(of: rollout.sequences, by: experiment.makePolicy()).logProbabilities
    let pairs = zip(again, rollout.logProbabilities)
    let changed = pairs.count { $0.bitPattern != $1.bitPattern }
    guard changed == 0 else {
      throw FulcrumError(
        .pluginFault,
        "expected the same scores, to the bit, before and after the updates; got others for"
          + " \(changed) of \(again.count) tokens", at: "policy",
        hint: "the checkpoint was replaced meanwhile, or the policy's scores are not a function of"
          + " its parameters")
    }
  }

  private func scores(of sequences: SequenceBatch, by policy: any PolicyModel)
    throws(FulcrumError) -> ScoredColumns
  {
    let scored = try ScoredColumns(
      of: sequences, sequences: 0..<sequences.sequenceCount, by: policy,
      temperature: components.options.temperature)
    guard scored.logProbabilities.allSatisfy(\.isFinite) else {
      throw FulcrumError(
        .notFinite, "expected finite log-probabilities of the policy, got others", at: "policy")
    }
    return scored
  }
}
