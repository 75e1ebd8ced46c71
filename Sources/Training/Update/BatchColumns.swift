import FulcrumKernel

/// Computes the columns that components declared, and no others, each by its own policy.
struct BatchColumns {
  let policy: any PolicyModel
  let reference: (any FrozenPolicy)?
  let temperature: Float
  /// Whether log π_old is computed anew; if not, it is the sampler's.
  let recomputesOld: Bool

  /// - Throws: what the policies throw.
  func columns(_ needs: Set<Column>, of rollout: Rollout) throws(FulcrumError) -> [Column: [Float]]
  {
    var columns: [Column: [Float]] = [:]
    for column in needs where column.policy == .rollout {
      columns[column] = rollout.logProbabilities
    }
    var old = needs.filter { $0.policy == .old }
    if !recomputesOld, old.remove(.oldLogProbabilities) != nil {
      columns[.oldLogProbabilities] = rollout.logProbabilities
    }
    try score(old, of: rollout, by: policy, into: &columns)
    if let reference {
      try score(
        needs.filter { $0.policy == .reference }, of: rollout, by: reference, into: &columns)
    }
    return columns
  }

  private func score(
    _ needs: Set<Column>, of rollout: Rollout, by policy: any FrozenPolicy,
    into columns: inout [Column: [Float]]
  ) throws(FulcrumError) {
    guard !needs.isEmpty else { return }
    let sequences = rollout.sequences
    let scored: ScoredColumns
    do throws(FulcrumError) {
      scored = try ScoredColumns(
        of: sequences, sequences: 0..<sequences.sequenceCount, by: policy,
        request: ScoreRequest(temperature: temperature, statistics: Set(needs.map(\.statistic))))
    } catch {
      let names = needs.map(\.name).sorted().joined(separator: ", ")
      throw error.within("policy, scoring for \(names)")
    }
    for column in needs { columns[column] = scored.values(of: column.statistic) }
  }
}
