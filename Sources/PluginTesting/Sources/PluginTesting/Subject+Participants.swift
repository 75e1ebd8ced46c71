import FulcrumKernel

/// Whether a policy heeds which tokens take part.
extension Subject where Instance == any PolicyModel {
  /// The masks that are tried: every other token, one sequence alone, the first token of each sequence,
  /// the last of one, and none.
  private static func masks(of batch: SequenceBatch) -> [[Bool]] {
    let tokens = 0..<batch.tokenCount
    let sequence = batch.sequenceCount / 2
    let member = batch.tokens(ofSequence: sequence)
    let firsts = (0..<batch.sequenceCount).map { batch.tokens(ofSequence: $0).lowerBound }
    return [
      tokens.map { $0 % 2 == 0 }, tokens.map(member.contains), tokens.map(firsts.contains),
      tokens.map { $0 == member.upperBound - 1 }, tokens.map { _ in false },
    ]
  }

  func checkVisits() throws(FulcrumError) {
    let policy = try prepared()
    let batch = try PolicyTrial.sample(policy).generation.sequences
    let scored = try PolicyTrial.scores(of: batch, by: policy).logProbabilities
    for mask in [[Bool](repeating: true, count: batch.tokenCount)] + Self.masks(of: batch) {
      var visited: [Int] = []
      var pieces: [Int: Int] = [:]
      var piece = 0
      try policy.accumulateGradient(
        of: batch, sequences: 0..<batch.sequenceCount, request: ScoreRequest(temperature: 1),
        participants: TokenMask(mask)
      ) { (tokens, scores, weights) throws(FulcrumError) in
        for (name, count) in [
          ("log π", scores.tokenCount), ("weights", weights.count),
          ("entropies", scores.entropies.count), ("levers", scores.levers.count),
        ] where count != tokens.count {
          throw fault("expected \(tokens.count) \(name), one for each token given, got \(count)")
        }
        for index in tokens.indices {
          visited.append(tokens[index])
          guard scored.indices.contains(tokens[index]) else { continue }
          let log = scored[tokens[index]]
          guard abs(scores.logProbabilities[index] - log) <= 1e-3 * (1 + abs(log)) else {
            throw fault(
              "expected log π of token \(tokens[index]) as it was scored, \(log), got"
                + " \(scores.logProbabilities[index])",
              hint: "what stands before a token decides its probability, in whatever batch it is")
          }
        }
        for sequence in 0..<batch.sequenceCount {
          let member = batch.tokens(ofSequence: sequence)
          guard tokens.indices.contains(where: { member.contains(tokens[$0]) }) else { continue }
          guard pieces.updateValue(piece, forKey: sequence) == nil else {
            throw fault("expected the tokens of sequence \(sequence) in one piece, got several")
          }
        }
        piece += 1
      }
      policy.discardGradient()
      let expected = mask.indices.filter { mask[$0] }
      guard visited == expected else {
        throw fault(
          "expected the tokens that take part, each once and in order, \(expected), got \(visited)")
      }
    }
  }

  /// A gradient of some tokens is that of all of them with weights of zero elsewhere.
  func checkParticipantGradients() throws(FulcrumError) {
    let batch = try PolicyTrial.sample(prepared()).generation.sequences
    for mask in Self.masks(of: batch) {
      let alone = try step(batch, TokenMask(mask)) { 1 + 0.25 * Float($0 % 3) }
      let zeros = try step(batch, .all) { mask[$0] ? 1 + 0.25 * Float($0 % 3) : 0 }
      guard abs(alone.norm - zeros.norm) <= 1e-3 * zeros.norm + 1e-9 else {
        throw fault(
          "expected the gradient that weights of zero give elsewhere, of norm \(zeros.norm), got"
            + " \(alone.norm) for \(mask.count { $0 }) of \(mask.count) tokens")
      }
      let greatest = zeros.moved.reduce(0) { max($0, abs($1)) }
      for token in mask.indices {
        guard abs(alone.moved[token] - zeros.moved[token]) <= 0.1 * greatest + 1e-6 else {
          throw fault(
            "expected a step as with weights of zero elsewhere, which moves log π of token \(token)"
              + " by \(zeros.moved[token]), got \(alone.moved[token])")
        }
      }
    }
  }

  /// One step of a fresh policy.
  ///
  /// - Returns: its gradient's norm, and by how much it moved each log π.
  private func step(
    _ batch: SequenceBatch, _ mask: TokenMask, weight: (Int) -> Float
  ) throws(FulcrumError) -> (norm: Double, moved: [Float]) {
    let policy = try prepared()
    let before = try PolicyTrial.scores(of: batch, by: policy).logProbabilities
    try PolicyTrial.accumulate(batch, participants: mask, by: policy, weight: weight)
    let report = try PolicyTrial.apply(policy)
    let after = try PolicyTrial.scores(of: batch, by: policy).logProbabilities
    return (report.norm, zip(after, before).map { $0 - $1 })
  }
}
