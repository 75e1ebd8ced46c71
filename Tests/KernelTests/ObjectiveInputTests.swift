import FulcrumKernel
import Testing

@Suite struct ObjectiveInputTests {
  /// Calls `body` with a slice of five sequences of a batch whose groups have 3, 1, 0, 4 and 2.
  ///
  /// - Parameter first: the place in the batch of the slice's first sequence.
  private func withSlice(first: Int, _ body: (borrowing ObjectiveInput) throws -> Void) throws {
    let values: [Float] = [-1, -2, -3]
    let offsets = [0, 1, 1, 2, 2, 3]
    let groups = [0, 3, 4, 4, 8, 10]
    let shares: [Double] = []
    let survey: [Float] = []
    let further: [Float] = [4, 5, 6]
    var columns = ColumnStore(tokenCount: 3)
    columns.set(.oldLogProbabilities, values)
    columns.set(.entropies, [7, 8, 9])
    let store = columns
    let scores = TokenScores(
      logProbabilities: values.span, entropies: values.span, levers: values.span,
      statistics: [.rank], further: further.span)
    let input = ObjectiveInput(
      scores: scores, advantages: values.span, columns: store.slice(0..<3), offsets: offsets.span,
      firstSequence: first, groupOffsets: groups.span, minibatchTokenCount: 6,
      minibatchSequenceCount: 10, shares: shares.span, survey: survey.span, step: 2, update: 1)
    try body(input)
  }

  @Test func `a slice knows which groups its sequences are of, and which of them are whole`() throws
  {
    try withSlice(first: 2) { input in
      #expect(input.groups == 0..<4)
      #expect((0..<5).map { input.group(ofSequence: $0) } == [0, 1, 3, 3, 3])
      #expect((0..<5).map { input.sequences(ofGroup: $0) } == [0..<1, 1..<2, 2..<2, 2..<5, 5..<5])
      #expect((0..<5).map { input.isWhole(group: $0) } == [false, true, true, false, false])
    }
    try withSlice(first: 4) { input in
      #expect(input.groups == 3..<5)
      #expect(input.sequences(ofGroup: 3) == 0..<4)
      #expect([3, 4].map { input.isWhole(group: $0) } == [true, false])
    }
  }

  @Test func `without offsets of groups all sequences are of one`() {
    let values: [Float] = [1]
    let offsets = [0, 1, 1]
    let none: [Float] = []
    let scores = TokenScores(
      logProbabilities: values.span, entropies: values.span, levers: values.span)
    let input = ObjectiveInput(
      scores: scores, advantages: values.span, oldLogProbabilities: none.span,
      referenceLogProbabilities: none.span, offsets: offsets.span, minibatchTokenCount: 1,
      minibatchSequenceCount: 2)
    #expect(input.groups == 0..<1)
    #expect(input.sequences(ofGroup: 0) == 0..<2)
    let isWhole = input.isWhole(group: 0)
    #expect(isWhole)
  }

  @Test func `columns are the declared ones, and the current policy's are its scores`() throws {
    try withSlice(first: 0) { (input) throws in
      let found = [
        try input.column(.entropies)[2], try input.column(.oldLogProbabilities)[1],
        try input.column(Column(.current, .rank))[0],
        try input.column(Column(.current, .entropy))[0],
      ]
      #expect(found == [9, -2, 4, -1])
      let references = input.referenceLogProbabilities.count
      #expect(references == 0)
      do {
        _ = try input.column(.referenceLogProbabilities)
        Issue.record("a column that was not declared was given")
      } catch let error as FulcrumError {
        #expect(error.message == "column reference-log-probabilities was not computed")
      }
    }
  }

  @Test func `a mask of all has every token`() {
    #expect(TokenMask.all.isAll && TokenMask.all.contains(1000))
    let mask = TokenMask([true, false])
    #expect(!mask.isAll && mask.contains(0) && !mask.contains(1))
    #expect(UpdatePhase(name: "all").mask.isAll)
    #expect(UpdatePhase(name: "low", participates: [false]).mask.contains(0) == false)
  }
}
