import FulcrumKernel

/// Checks how a policy keeps to what limits sampling: stop strings, a minimum length, cuts.
extension Subject where Instance == any PolicyModel {
  /// Draws with a stop string that is known to come, and compares with the draws without.
  ///
  /// - Parameter minimum: the number of first tokens within which nothing ends.
  func checkStopStrings(minimum: Int) throws(FulcrumError) {
    let policy = try prepared()
    var request = try PolicyTrial.request(for: policy)
    (request.samplesPerPrompt, request.maximumTokens) = (8, 16)
    request.minimumTokens = minimum
    let plain = try policy.generate(request)
    guard let stop = try stopString(in: plain, by: policy) else { return }
    request.stopStrings = [stop]
    let stopped = try policy.generate(request)
    let count = plain.sequences.sequenceCount
    guard stopped.sequences.sequenceCount == count, stopped.isFinished.count == count else {
      throw fault("expected \(count) completions, got \(stopped.sequences.sequenceCount)")
    }
    for sequence in 0..<count {
      let whole = plain.tokens(of: sequence)
      let end = try end(of: whole, by: stop, behind: minimum, policy)
      let expected = end.map { Array(whole[...$0]) } ?? whole
      let got = stopped.tokens(of: sequence)
      guard got == expected else {
        throw fault(
          "expected the stop string '\(stop)' to end a completion where its text first has it, with"
            + " the tokens \(expected), got \(got)",
          hint: "StopMatcher finds stop strings as tokens come")
      }
      guard stopped.isFinished[sequence] == (end != nil || plain.isFinished[sequence]) else {
        throw fault(
          "expected isFinished \(!stopped.isFinished[sequence]) of the tokens \(got), with the stop"
            + " string '\(stop)', got \(stopped.isFinished[sequence])")
      }
    }
  }

  func checkMinimumLength() throws(FulcrumError) {
    let policy = try prepared()
    var request = try PolicyTrial.request(for: policy)
    // Enough that some end at once where nothing keeps them from it.
    (request.samplesPerPrompt, request.maximumTokens, request.minimumTokens) = (128, 12, 10)
    let generation = try policy.generate(request)
    for sequence in 0..<generation.sequences.sequenceCount {
      let tokens = generation.tokens(of: sequence)
      guard tokens.count > 10, !tokens.prefix(10).contains(policy.endToken) else {
        throw fault(
          "expected no end within the first 10 tokens, minimumTokens of the request, got the"
            + " completion \(tokens)")
      }
    }
  }

  /// Cuts that leave the likeliest token alone draw what greedy draws, with log π of all tokens.
  func checkCuts() throws(FulcrumError) {
    let policy = try prepared()
    var request = try PolicyTrial.request(for: policy)
    (request.samplesPerPrompt, request.maximumTokens) = (32, 1)
    var greedy = request
    greedy.temperature = 0
    let likeliest = try policy.generate(greedy).sequences
    let expected = try PolicyTrial.scores(of: likeliest, by: policy).logProbabilities
    let tolerance = (policy as? any RoundingPolicy)?.roundingTolerance ?? 0
    for (k, p, m) in [(1, 1, 0), (0, 1e-6, 0), (0, 1, 1)] as [(Int, Float, Float)] {
      (request.topK, request.topP, request.minP) = (k, p, m)
      let got = try policy.generate(request).logProbabilities
      guard got.count == expected.count else {
        throw fault("expected \(expected.count) tokens, got \(got.count)")
      }
      for token in got.indices where !(abs(got[token] - expected[token]) <= tolerance) {
        throw fault(
          "expected a draw with top-k \(k), top-p \(p) and min-p \(m) to be the most likely token,"
            + " with log π of the whole distribution, \(expected[token]), got log π \(got[token])")
      }
    }
  }

  /// Returns a text that a completion has in its middle and not before, over two tokens if possible;
  /// `nil`: no completion has a readable one.
  private func stopString(
    in generation: Generation, by policy: any PolicyModel
  ) throws(FulcrumError) -> String? {
    var short: String?
    for sequence in 0..<generation.sequences.sequenceCount {
      let tokens = generation.tokens(of: sequence)
      for count in stride(from: 2, to: tokens.count, by: 1) {
        let before = try text(tokens.prefix(count - 1), policy)
        let added = try text(tokens.prefix(count), policy).dropFirst(before.count)
        guard !added.isEmpty, let last = before.last else { continue }
        for candidate in [String(last) + added, String(added)]
        where !candidate.unicodeScalars.contains("\u{FFFD}")
          && occurrences(of: candidate, in: before) == 0
        {
          if candidate.count > added.count { return candidate }
          short = short ?? candidate
        }
      }
    }
    return short
  }

  /// Returns the place of the first token that completes a stop string.
  private func end(
    of tokens: [Int32], by stop: String, behind minimum: Int, _ policy: any PolicyModel
  ) throws(FulcrumError) -> Int? {
    for place in stride(from: minimum, to: tokens.count, by: 1) {
      let before = try text(tokens.prefix(place), policy)
      let after = try text(tokens.prefix(place + 1), policy)
      if occurrences(of: stop, in: after) > occurrences(of: stop, in: before) { return place }
    }
    return nil
  }

  private func text(
    _ tokens: ArraySlice<Int32>, _ policy: any PolicyModel
  ) throws(FulcrumError) -> String {
    try policy.decode(Array(tokens), keepingSpecialTokens: false)
  }

  /// Counts byte by byte, for Swift takes canonically equivalent texts for equal.
  private func occurrences(of stop: String, in text: String) -> Int {
    let (sought, bytes) = (Array(stop.utf8), Array(text.utf8))
    return bytes.indices.count { bytes[$0...].starts(with: sought) }
  }
}

extension Generation {
  fileprivate func tokens(of sequence: Int) -> [Int32] {
    sequences.tokens(ofSequence: sequence).map { sequences.tokens[$0] }
  }
}
