import FulcrumKernel

/// Whether pieces and shares of a mini-batch count as they should.
extension Subject where Instance == any PolicyObjective {
  func checkPieces(_ sample: NamedMinibatch) throws(FulcrumError) {
    let objective = try make()
    let whole = try weighed(sample, by: objective)
    let count = sample.minibatch.sequenceCount
    let cuts = [(0..<count).map { $0..<$0 + 1 }, [0..<count / 2, count / 2..<count]]
    for pieces in cuts {
      // What is surveyed is surveyed once, on the whole.
      let parts = try weighed(sample, by: objective, in: pieces, survey: whole.survey)
      var one = Trace()
      var other = Trace()
      Self.add(whole, of: sample, to: &one)
      Self.add(parts, of: sample, to: &other)
      try requireSame(
        one, other, "whole and in \(pieces.count) pieces",
        hint: "denominators are the mini-batch's, not the piece's; what compares its tokens belongs"
          + " into 'survey'")
    }
  }

  func checkZeroShares(_ sample: NamedMinibatch) throws(FulcrumError) {
    var minibatch = sample.minibatch
    let zeros = [Double](repeating: 0, count: minibatch.sequenceCount)
    for shares in [zeros, zeros.indices.map { $0 % 2 == 0 ? 0 : 0.25 }] {
      minibatch.shares = shares
      let result = try weighed(
        NamedMinibatch(name: sample.name, minibatch: minibatch), by: make())
      for sequence in 0..<minibatch.sequenceCount where shares[sequence] == 0 {
        for token in minibatch.offsets[sequence]..<minibatch.offsets[sequence + 1] {
          let values = [
            result.weights[token], result.losses[token], result.entropyWeights[token],
            result.entropyLosses[token],
          ]
          guard values.allSatisfy({ $0 == 0 }) else {
            throw fault(
              "expected weights and losses of 0 for token \(token) of \(sample.name), whose share is"
                + " 0, got weights \(values[0]) and \(values[2]), losses \(values[1]) and"
                + " \(values[3])", hint: "multiply by `input.share(ofSequence:)`")
          }
        }
      }
    }
  }

  /// Halving all shares halves every weight and loss to the bit, short of subnormal numbers.
  func checkProportion(_ sample: NamedMinibatch) throws(FulcrumError) {
    var halved = sample.minibatch
    halved.shares =
      halved.shares.isEmpty
      ? halved.lengths.map { _ in 0.5 / Double(max(1, halved.tokenCount)) }
      : halved.shares.map { $0 / 2 }
    let objective = try make()
    let whole = try weighed(sample, by: objective)
    // A survey may depend on shares only through whether they are 0; it is held so that this check
    // is of the weights.
    let half = try weighed(
      NamedMinibatch(name: sample.name, minibatch: halved), by: objective, survey: whole.survey)
    let near = Closeness(
      relative: 0x1p-20, absolute: 0x1p-126,
      because: "a factor of two is exact but for subnormal numbers; sixteen roundings are allowed")
    do {
      try near.check(
        half.weights, against: whole.weights.map { $0 / 2 },
        of: "weights of \(sample.name) with half the shares")
      try near.check(
        half.losses, against: whole.losses.map { $0 / 2 },
        of: "losses of \(sample.name) with half the shares")
      try near.check(
        half.entropyWeights, against: whole.entropyWeights.map { $0 / 2 },
        of: "entropy weights of \(sample.name) with half the shares")
    } catch {
      throw error.within(manual.name)
    }
  }
}
