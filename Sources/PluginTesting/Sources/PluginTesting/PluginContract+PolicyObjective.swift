import FulcrumKernel

extension PluginContract {
  /// The contract of a policy objective, for its author.
  ///
  /// - Parameter parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any PolicyObjective.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(policyObjective: type.manual, parameters) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a policy objective, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    policyObjective manual: ComponentManual, _ parameters: [String: ParameterValue],
    make: @escaping Maker<any PolicyObjective>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks(probe: subject.probe) + subject.objectiveChecks
  }
}

extension Subject where Instance == any PolicyObjective {
  fileprivate var probe: Probe<any PolicyObjective> {
    { (instance, trace) throws(FulcrumError) in
      for sample in NamedMinibatch.probes {
        let result = try weighed(sample, by: instance)
        trace.add("survey of \(sample.name)", result.survey)
        Self.add(result, of: sample, to: &trace)
        for (name, entry) in result.metrics.entries.sorted(by: { $0.key < $1.key }) {
          trace.add("metric '\(name)' of \(sample.name)", [entry.sum, entry.count])
        }
      }
    }
  }

  /// Weighs with the declared columns only, as the host gives them.
  func weighed(
    _ sample: NamedMinibatch, by instance: any PolicyObjective, in pieces: [Range<Int>]? = nil,
    survey: [Float]? = nil
  ) throws(FulcrumError) -> ObjectiveMinibatch.Result {
    do {
      return try sample.minibatch.keeping(instance.needs).weighed(
        by: instance, in: pieces, survey: survey)
    } catch {
      throw unexpected(error, sample.name)
    }
  }

  private static func add(
    _ result: ObjectiveMinibatch.Result, of sample: NamedMinibatch, to trace: inout Trace
  ) {
    trace.add("weights of \(sample.name)", result.weights)
    trace.add("losses of \(sample.name)", result.losses)
    trace.add("entropy weights of \(sample.name)", result.entropyWeights)
    trace.add("entropy losses of \(sample.name)", result.entropyLosses)
  }

  fileprivate var objectiveChecks: [ContractCheck] {
    [
      ContractCheck("an empty mini-batch is accepted") { () throws(FulcrumError) in
        for sample in NamedMinibatch.empty { _ = try weighed(sample, by: make()) }
      },
      ContractCheck("finite input gives finite weights, losses and metrics") {
        () throws(FulcrumError) in
        for sample in NamedMinibatch.probes + [.oneToken, .extreme] { try checkFinite(sample) }
      },
      ContractCheck("a survey has one value for each token") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes + NamedMinibatch.empty + [.oneToken] {
          let objective = try make()
          guard objective.surveysMinibatch else { continue }
          let minibatch = sample.minibatch.keeping(objective.needs)
          do throws(FulcrumError) {
            _ = try minibatch.surveyed(by: objective)
          } catch {
            throw unexpected(error, sample.name)
          }
        }
      },
      ContractCheck("pieces of whole sequences weigh as the whole does") {
        () throws(FulcrumError) in
        for sample in NamedMinibatch.probes { try checkPieces(sample) }
      },
      ContractCheck("tokens of share 0 have weights and losses of 0") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes { try checkZeroShares(sample) }
      },
      ContractCheck("weights are in proportion to the shares") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes { try checkProportion(sample) }
      },
      ContractCheck("weights are minus the slopes of the losses") { () throws(FulcrumError) in
        for sample in NamedMinibatch.slopes { try checkSlopes(sample) }
      },
      ContractCheck("entropy weights are minus the slopes of the entropy losses") {
        () throws(FulcrumError) in
        for sample in NamedMinibatch.slopes { try checkEntropySlopes(sample) }
      },
      ContractCheck("the input is left as it was") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes {
          let minibatch = sample.minibatch.ownCopy
          let before = minibatch.snapshot
          _ = try minibatch.weighed(by: make())
          try requireSame(before, minibatch.snapshot, "in \(sample.name) before and after the call")
        }
      },
    ]
  }

  private func checkFinite(_ sample: NamedMinibatch) throws(FulcrumError) {
    let result = try weighed(sample, by: make())
    try requireFinite(result.weights, "weights of \(sample.name)")
    try requireFinite(result.losses, "losses of \(sample.name)")
    try requireFinite(result.entropyWeights, "entropy weights of \(sample.name)")
    try requireFinite(result.entropyLosses, "entropy losses of \(sample.name)")
    for (name, entry) in result.metrics.entries.sorted(by: { $0.key < $1.key })
    where !entry.sum.isFinite {
      throw fault("expected a finite metric '\(name)' of \(sample.name), got a sum of \(entry.sum)")
    }
  }

  private func checkPieces(_ sample: NamedMinibatch) throws(FulcrumError) {
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

  private func checkZeroShares(_ sample: NamedMinibatch) throws(FulcrumError) {
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
  private func checkProportion(_ sample: NamedMinibatch) throws(FulcrumError) {
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
