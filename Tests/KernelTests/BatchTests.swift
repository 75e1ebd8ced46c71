import FulcrumKernel
import Testing

@Suite struct BatchTests {
  /// Two prompts; the first with completions of 2 and 0 tokens, the second with one of 3.
  private let sequences = SequenceBatch(
    prompts: [[1, 2], [3]], completions: [[[10, 11], []], [[12, 13, 14]]])

  @Test func `sequences of a group are adjacent and tokens flat`() {
    #expect(sequences.groupCount == 2)
    #expect(sequences.sequenceCount == 3)
    #expect(sequences.tokenCount == 5)
    #expect(sequences.sequences(ofGroup: 0) == 0..<2)
    #expect(sequences.sequences(ofGroup: 1) == 2..<3)
    #expect(sequences.tokens(ofSequence: 0) == 0..<2)
    #expect(sequences.tokens(ofSequence: 1) == 2..<2)
    #expect(sequences.tokens(ofSequence: 2) == 2..<5)
    #expect(sequences.tokens(ofSequences: 1..<3) == 2..<5)
    #expect((0..<3).map { sequences.group(ofSequence: $0) } == [0, 0, 1])
    let offsets = sequences.promptOffsets
    #expect(offsets[1] == 2 && offsets[2] == 3)
  }

  @Test func `a column that was not computed is refused by name`() throws {
    let batch = RolloutBatch(
      sequences: sequences, rewards: [1, 0, 2],
      columns: [.oldLogProbabilities: [-1, -2, -3, -4, -5]])
    #expect(batch.has(.oldLogProbabilities))
    #expect(try batch.column(.oldLogProbabilities)[4] == -5)
    #expect(!batch.has(.entropies))
    let error = #expect(throws: FulcrumError.self) { _ = try batch.column(.entropies)[0] }
    #expect(
      error?.description == """
        column entropies was not computed
          hint: name it in the component's 'needs'
        """)
  }

  @Test func `an objective's slice counts its tokens from its own start`() {
    let values: [Float] = [0, 1, 2]
    let offsets = [2, 2, 5]
    let empty: [Float] = []
    let scores = TokenScores(
      logProbabilities: values.span, entropies: values.span, levers: values.span)
    let input = ObjectiveInput(
      scores: scores, advantages: values.span, oldLogProbabilities: empty.span,
      referenceLogProbabilities: empty.span, offsets: offsets.span, minibatchTokenCount: 5,
      minibatchSequenceCount: 3)
    #expect(input.sequenceCount == 2)
    #expect(input.tokens(ofSequence: 0) == 0..<0)
    #expect(input.tokens(ofSequence: 1) == 0..<3)
  }

  @Test func `metric sums are means over their counts`() {
    var sums = MetricSums()
    sums.add("kl", sum: 3, count: 2)
    sums.add("kl", sum: 1, count: 2)
    sums.add("none", sum: 0, count: 0)
    #expect(sums.mean("kl") == 1)
    #expect(sums.mean("none") == nil)
  }
}
