import FulcrumKernel

/// Whether an objective that says that it is tokenwise needs no other token than the one it weighs.
extension Subject where Instance == any PolicyObjective {
  func checkTokenwise(_ sample: NamedMinibatch) throws(FulcrumError) {
    let objective = try make()
    guard objective.isTokenwise else { return }
    let whole = try weighed(sample, by: objective)
    for mask in Self.masks(of: sample.minibatch) {
      let kept = (0..<sample.minibatch.tokenCount).filter(mask.contains)
      let alone = try weighed(
        sample, by: objective, participants: mask, survey: whole.survey)
      try compare(alone, with: whole, at: kept, of: sample, "all tokens and with these alone")
      let disturbed = try weighed(
        NamedMinibatch(
          name: sample.name,
          minibatch: sample.minibatch.keeping(objective.needs).disturbed(outside: mask)),
        by: objective, survey: whole.survey)
      try compare(
        disturbed, with: whole, at: kept, of: sample, "the others as they are and disturbed")
    }
    try checkMetrics(sample, objective, whole)
  }

  /// The parts of a mini-batch that are weighed alone: every other token, none of every other
  /// sequence, one token.
  private static func masks(of minibatch: ObjectiveMinibatch) -> [TokenMask] {
    let tokens = 0..<minibatch.tokenCount
    var sequences: [Bool] = []
    for (sequence, length) in minibatch.lengths.enumerated() {
      sequences += [Bool](repeating: sequence % 2 == 1, count: length)
    }
    return [
      TokenMask(tokens.map { $0 % 2 == 0 }), TokenMask(sequences),
      TokenMask(tokens.map { $0 == tokens.count / 2 }),
    ]
  }

  private func compare(
    _ other: ObjectiveMinibatch.Result, with whole: ObjectiveMinibatch.Result, at kept: [Int],
    of sample: NamedMinibatch, _ occasions: String
  ) throws(FulcrumError) {
    var traces = [Trace(), Trace()]
    for (index, result) in [whole, other].enumerated() {
      for (name, values) in [
        ("weights", result.weights), ("losses", result.losses),
        ("entropy weights", result.entropyWeights), ("entropy losses", result.entropyLosses),
      ] {
        traces[index].add("\(name) of the kept tokens of \(sample.name)", kept.map { values[$0] })
      }
      let width = result.candidateWeights.count / max(1, result.weights.count)
      traces[index].add(
        "candidate weights of the kept tokens of \(sample.name)",
        kept.flatMap { result.candidateWeights[$0 * width..<($0 + 1) * width] })
    }
    try requireSame(traces[0], traces[1], "with " + occasions, hint: Self.hint)
  }

  /// Means over a half and then over the other half are the means over all.
  private func checkMetrics(
    _ sample: NamedMinibatch, _ objective: any PolicyObjective, _ whole: ObjectiveMinibatch.Result
  ) throws(FulcrumError) {
    let tokens = 0..<sample.minibatch.tokenCount
    var halves = MetricSums()
    for remainder in 0..<2 {
      let half = try weighed(
        sample, by: objective, participants: TokenMask(tokens.map { $0 % 2 == remainder }),
        survey: whole.survey)
      for (name, entry) in half.metrics.entries {
        halves.add(name, sum: entry.sum, count: Int(entry.count))
      }
    }
    for name in whole.metrics.entries.keys.sorted() {
      let expected = whole.metrics.mean(name)
      let got = halves.mean(name)
      let isClose =
        if let expected, let got { abs(expected - got) <= 1e-5 * abs(expected) + 1e-6 } else {
          expected == nil && got == nil
        }
      guard isClose else {
        throw fault(
          "expected the metric '\(name)' of \(sample.name) to be the same from two halves of its"
            + " tokens, got \(expected.map { "\($0)" } ?? "none") and"
            + " \(got.map { "\($0)" } ?? "none")", hint: Self.hint)
      }
    }
  }

  private static var hint: String {
    "say `isTokenwise` only where a token's numbers, its share and the survey are all that counts"
  }
}

extension ObjectiveMinibatch {
  /// With other numbers for the tokens that a mask leaves out.
  fileprivate func disturbed(outside mask: TokenMask) -> ObjectiveMinibatch {
    var copy = self
    for token in 0..<tokenCount where !mask.contains(token) {
      copy.current[token] -= 0.5
      copy.advantages[token] += 3
      copy.entropies[token] += 1
      copy.levers[token] /= 2
      if !old.isEmpty { copy.old[token] -= 0.25 }
      if !reference.isEmpty { copy.reference[token] -= 0.75 }
      for column in columns.keys {
        let width = column.statistic.width
        for place in token * width..<(token + 1) * width { copy.columns[column]?[place] += 1 }
      }
    }
    return copy
  }
}
