import FulcrumKernel

extension RolloutBatch {
  /// The same batch with some of its columns only, as the host gives it to a component that declares
  /// these.
  public func keeping(_ columns: Set<Column>) -> RolloutBatch {
    rearranged(groups: Array(0..<sequences.groupCount), columns: columns)
  }

  /// The same prompts in another order, in one mini-batch.
  ///
  /// - Parameter order: the present numbers of the groups, in their new order.
  /// - Precondition: `order` has every group once.
  public func withGroups(inOrder order: [Int]) -> RolloutBatch {
    precondition(order.sorted() == Array(0..<sequences.groupCount), "every group, once")
    return rearranged(groups: order, columns: Set(Column.allCases))
  }

  /// The places of the tokens of groups, in the order in which `withGroups(inOrder:)` has them.
  func tokens(ofGroups order: [Int]) -> [Int] {
    order.flatMap { Array(sequences.tokens(ofSequences: sequences.sequences(ofGroup: $0))) }
  }

  private func rearranged(groups order: [Int], columns kept: Set<Column>) -> RolloutBatch {
    let members = order.flatMap { Array(sequences.sequences(ofGroup: $0)) }
    let tokens = tokens(ofGroups: order)
    let prompts = order.map { group in
      (sequences.promptOffsets[group]..<sequences.promptOffsets[group + 1]).map {
        sequences.promptTokens[$0]
      }
    }
    let completions = order.map { group in
      sequences.sequences(ofGroup: group).map { sequence in
        sequences.tokens(ofSequence: sequence).map { sequences.tokens[$0] }
      }
    }
    let columns = columns.filter { kept.contains($0.key) }.mapValues { values in
      tokens.map { values[$0] }
    }
    let isSameOrder = order == Array(0..<sequences.groupCount)
    return RolloutBatch(
      sequences: SequenceBatch(prompts: prompts, completions: completions),
      rewards: members.map { rewards[$0] }, isFinished: members.map { isFinished[$0] },
      columns: columns, step: step,
      minibatchOffsets: isSameOrder
        ? minibatchOffsets.indices.map { minibatchOffsets[$0] } : [0, members.count])
  }
}

extension RolloutBatch {
  /// The same batch in memory of its own.
  ///
  /// One who writes through a pointer writes to all that share the memory: to every copy of an array,
  /// and to the literal that it was made of.
  var ownCopy: RolloutBatch { keeping(Set(Column.allCases)) }

  /// A copy of all numbers that a component can see, which shares no memory with the batch.
  var snapshot: Trace {
    var trace = Trace()
    trace.add("rewards", rewards.indices.map { rewards[$0] })
    trace.add("isFinished", isFinished.indices.map { isFinished[$0] ? 1.0 : 0 })
    trace.add("tokens", sequences.tokens.indices.map { Double(sequences.tokens[$0]) })
    trace.add("offsets", sequences.offsets.indices.map { Double(sequences.offsets[$0]) })
    for (column, values) in columns.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      trace.add(column.rawValue, values)
    }
    return trace
  }

  /// Its columns, copied.
  var columns: [Column: [Float]] {
    var columns: [Column: [Float]] = [:]
    for column in Column.allCases where has(column) {
      guard let values = try? self.column(column) else { continue }
      columns[column] = values.indices.map { values[$0] }
    }
    return columns
  }

  /// What the first transform of a chain finds: each token has its sequence's reward.
  var returns: [Float] {
    (0..<sequences.sequenceCount).flatMap { sequence in
      [Float](repeating: rewards[sequence], count: sequences.tokens(ofSequence: sequence).count)
    }
  }
}
