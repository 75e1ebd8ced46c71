import FulcrumKernel

/// A policy's scores of adjacent sequences, copied out: flat over their completion tokens.
package struct ScoredColumns: Sendable {
  package private(set) var logProbabilities: [Float] = []
  package private(set) var entropies: [Float] = []
  package private(set) var levers: [Float] = []

  package init(
    of batch: SequenceBatch, sequences: Range<Int>, by policy: any PolicyModel, temperature: Float
  ) throws(FulcrumError) {
    let count = batch.tokens(ofSequences: sequences).count
    logProbabilities.reserveCapacity(count)
    entropies.reserveCapacity(count)
    levers.reserveCapacity(count)
    try policy.score(batch, sequences: sequences, temperature: temperature) {
      (_, scores) throws(FulcrumError) in
      let (logs, entropies, levers) = (scores.logProbabilities, scores.entropies, scores.levers)
      for i in logs.indices {
        self.logProbabilities.append(logs[i])
        self.entropies.append(entropies[i])
        self.levers.append(levers[i])
      }
    }
  }
}
