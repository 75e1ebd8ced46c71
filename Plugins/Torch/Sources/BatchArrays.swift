import FulcrumKernel
import Wire

/// Some adjacent sequences of a batch as arrays that travel.
struct BatchArrays {
  let arrays: [(name: String, array: WireArray)]
  /// The places of their tokens in the batch.
  let tokens: Range<Int>

  init(_ batch: SequenceBatch, sequences: Range<Int>) {
    tokens = batch.tokens(ofSequences: sequences)
    var prompts: [Int32] = []
    var promptOffsets = [0]
    var groupOffsets = [0]
    let groups =
      sequences.isEmpty
      ? 0..<0
      : batch.group(ofSequence: sequences.lowerBound)..<batch.group(
        ofSequence: sequences.upperBound - 1) + 1
    for group in groups {
      let range = batch.promptOffsets[group]..<batch.promptOffsets[group + 1]
      for place in range { prompts.append(batch.promptTokens[place]) }
      promptOffsets.append(prompts.count)
      let members = batch.sequences(ofGroup: group).clamped(to: sequences)
      groupOffsets.append(members.upperBound - sequences.lowerBound)
    }
    let first = tokens.lowerBound
    arrays = [
      ("promptTokens", WireArray(prompts)),
      ("promptOffsets", WireArray(promptOffsets)),
      ("tokens", WireArray(tokens.map { batch.tokens[$0] })),
      (
        "offsets",
        WireArray([0] + sequences.map { batch.tokens(ofSequence: $0).upperBound - first })
      ),
      ("groupOffsets", WireArray(groupOffsets)),
    ]
  }
}
