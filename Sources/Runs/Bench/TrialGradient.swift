import FulcrumKernel

extension PolicyModel {
  /// Accumulates a gradient that costs what a step's does and changes next to nothing: the tokens'
  /// weights are ±1e-6.
  ///
  /// - Parameter participants: the tokens that take part.
  func accumulateTrialGradient(
    of batch: SequenceBatch, temperature: Float = 1, participants: TokenMask = .all
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: temperature), participants: participants
    ) { (_, _, weights) in
      for token in weights.indices { weights[token] = token % 2 == 0 ? 1e-6 : -1e-6 }
    }
  }
}
