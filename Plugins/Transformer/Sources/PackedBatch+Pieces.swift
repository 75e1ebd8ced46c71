import FulcrumKernel
import TransformerFormats

/// Cuts a batch into pieces, and checks that a model can take it.
extension PackedBatch {
  /// Cuts adjacent sequences into pieces of at most `limit` rows, or of one sequence.
  ///
  /// A token that a prompt's last row predicts for a further sequence counts as a row, so that
  /// completions of one token don't make a piece of any size. A group that fits into one piece is
  /// not cut, so that its prompt is computed once; unless each sequence brings its own. Tokens
  /// after a sequence's last one that takes part don't count.
  package static func pieces(
    _ batch: SequenceBatch, sequences: Range<Int>, limit: Int, sharesPrompts: Bool = true,
    participants: TokenMask = .all
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var first = sequences.lowerBound
    var rows = 0
    func cut(before sequence: Int) {
      guard sequence > first else { return }
      pieces.append(first..<sequence)
      first = sequence
      rows = 0
    }
    var next = sequences.lowerBound
    while next < sequences.upperBound {
      let group = batch.group(ofSequence: next)
      let members = batch.sequences(ofGroup: group).clamped(to: sequences)
      let prompt = batch.promptOffsets[group + 1] - batch.promptOffsets[group]
      // The last token of the first completion isn't fed to the model.
      let withPrompt = prompt - 1
      let lengths = members.map { participants.needed(of: $0, in: batch).count }
      if sharesPrompts, rows + withPrompt + lengths.reduce(0, +) > limit {
        cut(before: next)
      }
      var hasPrompt = false
      for (sequence, length) in zip(members, lengths) {
        guard length > 0 else { continue }
        if rows + length + (hasPrompt ? 0 : withPrompt) > limit, sequence > first {
          cut(before: sequence)
          hasPrompt = false
        }
        rows += length + (hasPrompt ? 0 : withPrompt)
        hasPrompt = sharesPrompts
      }
      next = members.upperBound
    }
    cut(before: sequences.upperBound)
    return pieces
  }

  /// Checks that a model can score every sequence.
  ///
  /// - Throws: `.data`, naming the sequence, for an empty prompt, a sequence longer than the
  ///   context, or a token that the tokenizer doesn't have.
  static func check(
    _ batch: SequenceBatch, sequences: Range<Int>, for network: Network
  ) throws(FulcrumError) {
    for sequence in sequences {
      let group = batch.group(ofSequence: sequence)
      let prompt = batch.promptOffsets[group]..<batch.promptOffsets[group + 1]
      let completion = batch.tokens(ofSequence: sequence)
      guard !prompt.isEmpty else {
        throw FulcrumError(
          .data, "a prompt must have a token that the completion can follow, got an empty one",
          at: "sequence \(sequence)")
      }
      let length = prompt.count + completion.count
      guard length <= network.shape.contextLength else {
        throw FulcrumError(
          .data,
          "expected at most \(network.shape.contextLength) tokens of prompt and completion,"
            + " got \(length)", at: "sequence \(sequence)",
          hint: "shorten prompts or completions, or train a model of a longer context")
      }
      for i in prompt {
        try check(batch.promptTokens[i], network.tokenRows, at: "sequence \(sequence)")
      }
      for i in completion {
        try check(batch.tokens[i], network.tokenRows, at: "sequence \(sequence)")
      }
    }
  }

  /// - Throws: `.data` if the tokenizer doesn't have a token.
  static func check(
    _ token: Int32, _ tokenRows: TokenRows, at location: String
  ) throws(FulcrumError) {
    guard tokenRows.contains(token) else {
      throw FulcrumError(
        .data,
        "expected a token from 0 to \(tokenRows.end - 1), got \(token)"
          + (tokenRows.holes.contains(token) ? ", which the tokenizer doesn't have" : ""),
        at: location, hint: "encode texts with this policy's own tokenizer")
    }
  }
}
