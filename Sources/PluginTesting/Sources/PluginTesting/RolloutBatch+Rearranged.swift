import FulcrumKernel

extension RolloutBatch {
  /// The same batch with some columns only, as the host gives it to a component that declares these.
  ///
  /// A column that the batch lacks is made up: plausible values, functions of each token's number and
  /// log π_old.
  public func keeping(_ columns: Set<Column>) -> RolloutBatch {
    rearranged(groups: Array(0..<sequences.groupCount), columns: columns)
  }

  /// The same batch with its own columns, those and one of every statistic.
  func completed(with columns: Set<Column>) -> RolloutBatch {
    keeping(columns.union(self.columns.columns).union(SampleColumns.further))
  }

  /// The same prompts in another order, in one mini-batch.
  ///
  /// - Parameter order: the present numbers of the groups, in their new order.
  /// - Precondition: `order` has every group once.
  public func withGroups(inOrder order: [Int]) -> RolloutBatch {
    precondition(order.sorted() == Array(0..<sequences.groupCount), "every group, once")
    return rearranged(groups: order, columns: Set(columns.columns))
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
    var columns: [Column: [Float]] = [:]
    // The current policy's are for objectives alone.
    for column in kept where column.policy != .current {
      let values = values(of: column)
      let width = column.statistic.width
      columns[column] = tokens.flatMap { values[$0 * width..<($0 + 1) * width] }
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
  var ownCopy: RolloutBatch { keeping(Set(columns.columns)) }

  /// A copy of all numbers that a component can see, which shares no memory with the batch.
  var snapshot: Trace {
    var trace = Trace()
    trace.add("rewards", rewards.indices.map { rewards[$0] })
    trace.add("isFinished", isFinished.indices.map { isFinished[$0] ? 1.0 : 0 })
    trace.add("tokens", sequences.tokens.indices.map { Double(sequences.tokens[$0]) })
    trace.add("offsets", sequences.offsets.indices.map { Double(sequences.offsets[$0]) })
    for column in columns.columns { trace.add(column.name, values(of: column)) }
    return trace
  }

  /// A column's values, copied or else made up.
  private func values(of column: Column) -> [Float] {
    if columns.has(column) { return columns.array(of: column) }
    let own = Column(column.policy, .logProbability)
    return SampleColumns.values(
      of: column.statistic,
      logProbabilities: columns.array(of: columns.has(own) ? own : .oldLogProbabilities)
    ) { sequences.tokens[$0] }
  }

  /// Its own columns, copied.
  var columnValues: [Column: [Float]] {
    Dictionary(uniqueKeysWithValues: columns.columns.map { ($0, columns.array(of: $0)) })
  }

  /// The values that the first transform of a chain finds: each token has its sequence's reward.
  var returns: [Float] {
    (0..<sequences.sequenceCount).flatMap { sequence in
      [Float](repeating: rewards[sequence], count: sequences.tokens(ofSequence: sequence).count)
    }
  }
}
