import FulcrumKernel

/// Whether an objective's weights are the derivatives of its losses.
extension Subject where Instance == any PolicyObjective {
  /// Weights of `weigh` against the slopes of its losses; the survey is held as a constant.
  ///
  /// An objective that holds a factor constant (a stop-gradient) has no such slopes in its losses:
  /// moving log π moves the factor too. If its losses are −w log π, to eight roundings, which is the
  /// form that has the gradient w by construction, it passes. One that holds a factor constant in
  /// another form must leave this check out.
  func checkSlopes(_ sample: NamedMinibatch) throws(FulcrumError) {
    let objective = try make()
    // Made-up columns are those of the place that slopes are taken at.
    let minibatch = sample.minibatch.keeping(objective.needs)
    let result = try weighed(sample, by: objective)
    if Self.isSurrogate(result, of: minibatch) { return }
    try compare(result.weights, of: sample, name: "log π") {
      (token, move) throws(FulcrumError) in
      var moved = minibatch
      moved.current[token] += Float(move)
      return try weighed(
        NamedMinibatch(name: sample.name, minibatch: moved), by: objective, survey: result.survey
      ).losses
    }
  }

  func checkEntropySlopes(_ sample: NamedMinibatch) throws(FulcrumError) {
    let objective = try make()
    // Made-up columns are those of the place that slopes are taken at.
    let minibatch = sample.minibatch.keeping(objective.needs)
    let result = try weighed(sample, by: objective)
    try compare(result.entropyWeights, of: sample, name: "entropy") {
      (token, move) throws(FulcrumError) in
      var moved = minibatch
      moved.entropies[token] += Float(move)
      return try weighed(
        NamedMinibatch(name: sample.name, minibatch: moved), by: objective, survey: result.survey
      ).entropyLosses
    }
  }

  /// Weights of `weighCandidates` against the slopes of its losses by the candidates' log π. As for
  /// `weigh`, losses of −Σ c log π(candidate) pass too.
  func checkCandidateSlopes(_ sample: NamedMinibatch) throws(FulcrumError) {
    guard let objective = try make() as? any CandidateObjective else { return }
    let width = objective.candidateCount
    let column = Column(.current, .topLogProbabilities(width))
    guard width > 0, objective.needs.contains(column) else {
      throw fault(
        "expected at least one candidate, and the column \(column.name) among the needs, got"
          + " \(width)")
    }
    let minibatch = sample.minibatch.keeping(objective.needs)
    let result = try weighed(sample, by: objective)
    let logs = minibatch.columns[column] ?? []
    let isSurrogate = result.candidateLosses.indices.allSatisfy { token in
      var expected = 0.0
      for place in token * width..<(token + 1) * width {
        expected -= Double(result.candidateWeights[place]) * Double(logs[place])
      }
      let difference = abs(Double(result.candidateLosses[token]) - expected)
      return difference <= Double(8 * width) * 0x1p-24 * abs(expected)
    }
    if isSurrogate, result.candidateWeights.contains(where: { $0 != 0 }) { return }
    for candidate in 0..<width {
      let weights = result.candidateLosses.indices.map {
        result.candidateWeights[$0 * width + candidate]
      }
      try compare(weights, of: sample, name: "log π of candidate \(candidate + 1)") {
        (token, move) throws(FulcrumError) in
        var moved = minibatch
        moved.columns[column]?[token * width + candidate] += Float(move)
        return try weighed(
          NamedMinibatch(name: sample.name, minibatch: moved), by: objective, survey: result.survey
        ).candidateLosses
      }
    }
  }

  /// - Parameter losses: of the mini-batch with a token's coordinate moved by so much.
  private func compare(
    _ weights: [Float], of sample: NamedMinibatch, name: String,
    losses: (_ token: Int, _ move: Double) throws(FulcrumError) -> [Float]
  ) throws(FulcrumError) {
    var smooth = 0
    for token in weights.indices {
      let slope = try Slope { (move) throws(FulcrumError) in try losses(token, move) }
      let weight = Double(weights[token])
      let tolerance = slope.tolerance(for: weight)
      guard slope.kink <= tolerance else { continue }
      smooth += 1
      guard abs(weight + slope.value) <= tolerance else {
        throw fault(
          "expected a weight of \(Float(-slope.value)) = -∂loss/∂\(name) for token \(token) of"
            + " \(sample.name), give or take \(Float(tolerance)), got \(weights[token])",
          hint: "a factor that is held constant must be left out of the losses' slope: report"
            + " -weight * log π as the loss, or leave this check out by its name")
      }
    }
    // Corners are few on a line; an objective that has one everywhere has no gradient to compare.
    guard smooth * 4 >= weights.count else {
      throw fault(
        "expected losses that are smooth in \(name) at most tokens of \(sample.name), got"
          + " \(smooth) of \(weights.count)",
        hint: "check the losses for jumps and for digits lost")
    }
  }

  private static func isSurrogate(
    _ result: ObjectiveMinibatch.Result, of minibatch: ObjectiveMinibatch
  ) -> Bool {
    guard result.weights.contains(where: { $0 != 0 }) else { return false }
    return result.weights.indices.allSatisfy { token in
      let expected = -Double(result.weights[token]) * Double(minibatch.current[token])
      return abs(Double(result.losses[token]) - expected) <= 8 * 0x1p-24 * abs(expected)
    }
  }
}
