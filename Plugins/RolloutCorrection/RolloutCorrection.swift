import FulcrumKernel

/// Weighs advantages by how much likelier the trainer finds a token, or a completion, than the
/// sampler that drew it: A ← w(ρ) A with ρ = π_old/π_rollout.
///
/// - Shape: one weight for each token, from its own ratio (`token`), or from the product or the
///   geometric mean of its completion's (`sequence`, `sequence-mean`): then the same for all of them.
/// - Unit: of the incoming advantages. The tokens left out stay in the denominators of the loss.
/// - Numerics: ratios and weights in `Double`, with log ρ held in −20…20 after it was summed; one
///   rounding to `Float` for each token. Where π_old and π_rollout are the same bits, every weight
///   is exactly 1 and no advantage changes by a bit.
/// - Source: TRL's `vllm_importance_sampling_*`, verl's `rollout_correction`;
///   `CorrectionWeight` names the papers.
/// - Complexity: O(tokens), one list of a number for each token.
package struct RolloutCorrection: ReportingTransform {
  package let needs: Set<Column> = [.oldLogProbabilities, .rolloutLogProbabilities]
  private let level: Level
  private let rule: CorrectionWeight
  private let logVeto: Double
  private let isMeanNormalised: Bool

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    level = Level(rawValue: try parameters.text("level")) ?? .token
    rule = CorrectionWeight(
      mode: CorrectionWeight.Mode(rawValue: try parameters.text("mode")) ?? .truncate,
      lower: try parameters.number("lower"), upper: try parameters.number("upper"))
    logVeto = log(try parameters.number("veto"))
    isMeanNormalised = try parameters.flag("mean-normalised")
  }

  /// Multiplies each advantage by its weight and reports ratios and weights.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the two columns; `.notFinite` for a
  ///   log-probability that isn't.
  package func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) throws(FulcrumError) {
    var tally = CorrectionTally()
    let weights = try weights(of: batch, &tally)
    tally.report(to: &metrics, level: level, hasVeto: logVeto > -.infinity)
    // verl's least mean by which it divides.
    let divisor = isMeanNormalised && tally.meanWeight > 1e-8 ? tally.meanWeight : 1
    for token in advantages.indices {
      let weight = weights[token] / divisor
      // Not -0 for a negative advantage.
      advantages[token] =
        weight == 0 ? 0 : Float.nearestFinite(Double(advantages[token]) * weight)
    }
  }

  /// Returns the weight of each token, and counts.
  private func weights(of batch: RolloutBatch, _ tally: inout CorrectionTally)
    throws(FulcrumError) -> [Double]
  {
    var values = try logRatios(of: batch)
    for sequence in 0..<batch.sequences.sequenceCount {
      let tokens = batch.sequences.tokens(ofSequence: sequence)
      guard !tokens.isEmpty else { continue }
      var isVetoed = false
      var sum = 0.0
      for token in tokens {
        isVetoed = isVetoed || values[token] < logVeto
        sum += values[token]
      }
      tally.addCompletion(isVetoed: isVetoed)
      switch level {
      case .token:
        for token in tokens {
          values[token] = tally.weight(ofLogRatio: values[token], by: rule, isVetoed: isVetoed)
        }
      case .sequence, .sequenceMean:
        let logRatio = level == .sequence ? sum : sum / Double(tokens.count)
        let weight = tally.weight(ofLogRatio: logRatio, by: rule, isVetoed: isVetoed)
        for token in tokens { values[token] = weight }
      }
    }
    return values
  }

  /// Returns log π_old − log π_rollout of each token.
  private func logRatios(of batch: RolloutBatch) throws(FulcrumError) -> [Double] {
    let old = try batch.column(.oldLogProbabilities)
    let rollout = try batch.column(.rolloutLogProbabilities)
    var ratios: [Double] = []
    ratios.reserveCapacity(old.count)
    for token in old.indices {
      guard old[token].isFinite, rollout[token].isFinite else {
        throw FulcrumError(
          .notFinite,
          "expected finite log-probabilities, got \(old[token]) of the trainer and"
            + " \(rollout[token]) of the sampler for token \(token) of the batch",
          hint: "weights have run away, or the sampler gave no log-probability for this token")
      }
      ratios.append(Double(old[token]) - Double(rollout[token]))
    }
    return ratios
  }
}
