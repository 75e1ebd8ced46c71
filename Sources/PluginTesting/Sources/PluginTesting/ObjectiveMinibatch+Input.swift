import FulcrumKernel

extension ObjectiveMinibatch {
  /// Calls `body` with adjacent sequences of the mini-batch.
  ///
  /// - Parameters:
  ///   - sequences: which ones.
  ///   - participants: the tokens that `body` is given, by their places in the mini-batch.
  ///   - survey: of the whole mini-batch, or empty.
  ///   - body: gets the input, and may keep nothing of it.
  /// - Throws: what `body` throws; `.pluginFault` if it wrote to a column, as a plugin in C could.
  public func withInput<Value>(
    of sequences: Range<Int>, participants: TokenMask = .all, survey: [Float] = [],
    _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Value
  ) throws(FulcrumError) -> Value {
    let whole = Whole(tokens: tokenCount, sequences: sequenceCount, first: sequences.lowerBound)
    // What isn't cut is given in its own memory, so that who writes to it is found out.
    if participants.isAll { return try give(sequences, of: whole, survey, body) }
    let part = cut(to: sequences, participants)
    return try part.give(
      0..<sequences.count, of: whole, gathered(survey, places(of: sequences, participants)), body)
  }

  /// The places of the tokens of adjacent sequences that take part.
  func places(of sequences: Range<Int>, _ participants: TokenMask) -> [Int] {
    (offsets[sequences.lowerBound]..<offsets[sequences.upperBound]).filter(participants.contains)
  }

  /// Holds the whole that a slice is a part of.
  private struct Whole {
    let tokens: Int
    let sequences: Int
    /// The place of the slice's first sequence.
    let first: Int
  }

  private func give<Value>(
    _ sequences: Range<Int>, of whole: Whole, _ survey: [Float],
    _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Value
  ) throws(FulcrumError) -> Value {
    let tokens = offsets[sequences.lowerBound]..<offsets[sequences.upperBound]
    let store = store
    var statistics: [TokenStatistic] = []
    var further: [Float] = []
    for (column, values) in columns where column.policy == .current {
      let width = column.statistic.width
      statistics.append(column.statistic)
      further += values[tokens.lowerBound * width..<tokens.upperBound * width]
    }
    let scores = TokenScores(
      logProbabilities: current.span.extracting(tokens),
      entropies: entropies.span.extracting(tokens), levers: levers.span.extracting(tokens),
      statistics: statistics, further: further.span)
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span.extracting(tokens), columns: store.slice(tokens),
      offsets: offsets.span.extracting(sequences.lowerBound..<sequences.upperBound + 1),
      firstSequence: whole.first, groupOffsets: groupOffsets.span,
      minibatchTokenCount: whole.tokens, minibatchSequenceCount: whole.sequences,
      shares: shares.span.extracting(shares.isEmpty ? 0..<0 : sequences),
      survey: survey.span.extracting(survey.isEmpty ? 0..<0 : tokens), step: step, update: update)
    let value = try body(input)
    try requireUntouched(store)
    return value
  }

  /// The declared columns but those of the current policy.
  private var store: ColumnStore {
    var store = ColumnStore(tokenCount: tokenCount)
    if !old.isEmpty { store.set(.oldLogProbabilities, old) }
    if !reference.isEmpty { store.set(.referenceLogProbabilities, reference) }
    for (column, values) in columns where column.policy != .current { store.set(column, values) }
    return store
  }

  private func requireUntouched(_ given: ColumnStore) throws(FulcrumError) {
    let own = store
    for column in own.columns {
      let before = own.values(of: column)
      let after = given.values(of: column)
      for place in before.indices where before[place].bitPattern != after[place].bitPattern {
        throw FulcrumError(
          .pluginFault,
          "expected \(column.name) to be left as they were, got \(after[place]) in place of"
            + " \(before[place])", hint: "columns are borrowed: copy what is to be changed")
      }
    }
  }

  private func cut(to sequences: Range<Int>, _ participants: TokenMask) -> ObjectiveMinibatch {
    let places = places(of: sequences, participants)
    var part = self
    part.current = gathered(current, places)
    part.old = gathered(old, places)
    part.reference = gathered(reference, places)
    part.advantages = gathered(advantages, places)
    part.entropies = gathered(entropies, places)
    part.levers = gathered(levers, places)
    for (column, values) in columns {
      part.columns[column] = gathered(values, places, width: column.statistic.width)
    }
    part.offsets = [0]
    for sequence in sequences {
      let count = self.places(of: sequence..<sequence + 1, participants).count
      part.offsets.append(part.offsets[part.offsets.count - 1] + count)
    }
    part.shares = shares.isEmpty ? [] : Array(shares[sequences])
    return part
  }

  private func gathered(_ values: [Float], _ places: [Int], width: Int = 1) -> [Float] {
    values.isEmpty ? [] : places.flatMap { values[$0 * width..<($0 + 1) * width] }
  }
}
