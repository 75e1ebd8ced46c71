import FulcrumKernel

/// A batch that no policy made, laid out so that a weight can be read as a function of one number.
///
/// - Shape: every value along x has as many tokens of sequences that were right as of wrong ones, with
///   equal distributions; a sequence holds tokens of many places.
package struct CurveBatch: Sendable {
  /// A token: where it stands in a figure, and what the policies say of its place.
  package struct Token: Sendable {
    /// The index of its value along x.
    package let place: Int
    package let isPositive: Bool
    package let old: PlaceDistribution
    package let current: PlaceDistribution
    package let rollout: PlaceDistribution
    package let reference: PlaceDistribution

    func distribution(of policy: Column.Policy) -> PlaceDistribution {
      switch policy {
      case .old: old
      case .current: current
      case .rollout: rollout
      case .reference: reference
      // Of a later kernel.
      @unknown default: old
      }
    }
  }

  /// How the others' probabilities fall at a place, from a decided policy to an undecided one.
  package static let decays = [0.2, 0.5, 0.8, 0.95]

  /// The values along x, ascending.
  package let values: [Double]
  package let tokens: [Token]
  package let sequences: SequenceBatch
  /// 1 for a sequence that was right, else 0.
  package let rewards: [Float]

  /// - Parameter groups: for each group the tokens of its sequences, each sequence of one sign.
  init(values: [Double], groups: [[[Token]]]) {
    self.values = values
    tokens = groups.flatMap { $0.flatMap(\.self) }
    sequences = SequenceBatch(
      prompts: groups.indices.map { [Int32($0), 1, 2] },
      completions: groups.map { group in group.map { $0.map(\.old.token) } })
    rewards = groups.flatMap { group in group.map { $0.first?.isPositive ?? false ? 1 : 0 } }
  }

  /// The advantage of each token: 1 or −1.
  var signs: [Float] { tokens.map { $0.isPositive ? 1 : -1 } }

  /// The return of each token: its sequence's reward.
  var returns: [Float] { tokens.map { $0.isPositive ? 1 : 0 } }

  /// Each token's return less its group's mean.
  var centredReturns: [Float] {
    var centred: [Float] = []
    for group in 0..<sequences.groupCount {
      let members = sequences.sequences(ofGroup: group)
      let mean = members.reduce(0) { $0 + rewards[$1] } / Float(max(1, members.count))
      for sequence in members {
        centred += sequences.tokens(ofSequence: sequence).map { _ in rewards[sequence] - mean }
      }
    }
    return centred
  }

  /// Returns a policy's statistic, `width` values for each token.
  ///
  /// - Throws: `.unsupported` for one that the batch can't have.
  func values(
    of statistic: TokenStatistic, _ policy: Column.Policy
  ) throws(FulcrumError) -> [Float] {
    var known: [PlaceDistribution: [Float]] = [:]
    var all: [Float] = []
    for token in tokens {
      let distribution = token.distribution(of: policy)
      let values =
        if let values = known[distribution] { values } else {
          try distribution.values(of: statistic).map { Float($0) }
        }
      known[distribution] = values
      all += values
    }
    return all
  }

  /// Returns the batch of a first step, one mini-batch, with the columns that were declared.
  ///
  /// - Throws: `.unsupported` for a column that the batch can't have; `.pluginFault` for one that no
  ///   batch has.
  func rollout(needs: Set<Column>) throws(FulcrumError) -> RolloutBatch {
    var columns: [Column: [Float]] = [:]
    for column in needs.sorted(by: { $0.name < $1.name }) {
      guard column.isValid else {
        throw FulcrumError(
          .pluginFault, "expected columns that there are, got '\(column.name)' in its needs")
      }
      guard column.policy != .current else { continue }
      columns[column] = try values(of: column.statistic, column.policy)
    }
    return RolloutBatch(
      sequences: sequences, rewards: rewards, isFinished: nil, columns: columns, step: 1,
      minibatchOffsets: [0, sequences.sequenceCount])
  }
}
