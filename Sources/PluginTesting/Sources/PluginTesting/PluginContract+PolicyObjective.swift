import FulcrumKernel

extension PluginContract {
  /// The contract of a policy objective, for its author.
  ///
  /// - Parameters:
  ///   - type: the objective to be tested.
  ///   - parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any PolicyObjective.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(policyObjective: type.manual, parameters, type: type) {
      (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a policy objective, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - type: of the instances, by whose capabilities there are further checks.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    policyObjective manual: ComponentManual, _ parameters: [String: ParameterValue],
    type: (any PolicyObjective.Type)? = nil, make: @escaping Maker<any PolicyObjective>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    var checks = subject.commonChecks(probe: subject.probe) + subject.objectiveChecks
    if type is any SurveyingObjective.Type { checks.append(subject.surveyCheck) }
    if type is any EntropyObjective.Type { checks.append(subject.entropyCheck) }
    if type is any CandidateObjective.Type { checks.append(subject.candidateCheck) }
    if type is any StatefulComponent.Type {
      checks.append(subject.stateCheck(needs: { $0.needs }, probe: subject.probe))
    }
    return checks
  }
}

extension Subject where Instance == any PolicyObjective {
  fileprivate var probe: Probe<any PolicyObjective> {
    { (instance, trace) throws(FulcrumError) in
      for sample in NamedMinibatch.probes {
        let result = try weighed(sample, by: instance)
        trace.add("survey of \(sample.name)", result.survey)
        Self.add(result, of: sample, to: &trace)
        trace.add(result.metrics, of: sample.name)
      }
    }
  }

  /// Weighs with the declared columns only, as the host gives them.
  func weighed(
    _ sample: NamedMinibatch, by instance: any PolicyObjective, in pieces: [Range<Int>]? = nil,
    participants: TokenMask = .all, survey: [Float]? = nil
  ) throws(FulcrumError) -> ObjectiveMinibatch.Result {
    do {
      return try sample.minibatch.keeping(instance.needs).weighed(
        by: instance, in: pieces, participants: participants, survey: survey)
    } catch {
      throw unexpected(error, sample.name)
    }
  }

  static func add(
    _ result: ObjectiveMinibatch.Result, of sample: NamedMinibatch, to trace: inout Trace
  ) {
    trace.add("weights of \(sample.name)", result.weights)
    trace.add("losses of \(sample.name)", result.losses)
    trace.add("entropy weights of \(sample.name)", result.entropyWeights)
    trace.add("entropy losses of \(sample.name)", result.entropyLosses)
    trace.add("candidate weights of \(sample.name)", result.candidateWeights)
    trace.add("candidate losses of \(sample.name)", result.candidateLosses)
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
      ContractCheck("the declared columns are columns that a host computes") {
        () throws(FulcrumError) in try requireOffered(make().needs, isObjective: true)
      },
      ContractCheck("the declared columns are all that is read") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes { try checkNeeds(sample) }
      },
      ContractCheck("an objective that is tokenwise needs no other token to weigh one") {
        () throws(FulcrumError) in
        for sample in NamedMinibatch.probes { try checkTokenwise(sample) }
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
      ContractCheck("the input is left as it was") { () throws(FulcrumError) in
        for sample in NamedMinibatch.probes {
          let objective = try make()
          let minibatch = sample.minibatch.completed(with: objective.needs).ownCopy
          let before = minibatch.snapshot
          _ = try minibatch.weighed(by: objective)
          try requireSame(before, minibatch.snapshot, "in \(sample.name) before and after the call")
        }
      },
    ]
  }

  fileprivate var surveyCheck: ContractCheck {
    ContractCheck("a survey has one value for each token") { () throws(FulcrumError) in
      for sample in NamedMinibatch.probes + NamedMinibatch.empty + [.oneToken] {
        let objective = try make()
        let minibatch = sample.minibatch.keeping(objective.needs)
        do throws(FulcrumError) {
          _ = try minibatch.surveyed(by: objective)
        } catch {
          throw unexpected(error, sample.name)
        }
      }
    }
  }

  fileprivate var entropyCheck: ContractCheck {
    ContractCheck("entropy weights are minus the slopes of the entropy losses") {
      () throws(FulcrumError) in
      for sample in NamedMinibatch.slopes { try checkEntropySlopes(sample) }
    }
  }

  fileprivate var candidateCheck: ContractCheck {
    ContractCheck("candidates' weights are minus the slopes of their losses") {
      () throws(FulcrumError) in
      for sample in NamedMinibatch.slopes { try checkCandidateSlopes(sample) }
    }
  }

  private func checkNeeds(_ sample: NamedMinibatch) throws(FulcrumError) {
    let objective = try make()
    let alone = try weighed(sample, by: objective)
    let all: ObjectiveMinibatch.Result
    do {
      all = try sample.minibatch.completed(with: objective.needs).weighed(by: make())
    } catch {
      throw unexpected(error, sample.name + " with every column")
    }
    var one = Trace()
    var other = Trace()
    Self.add(alone, of: sample, to: &one)
    Self.add(all, of: sample, to: &other)
    try requireSame(
      one, other, "with the declared columns and with all of them",
      hint: "name every column that is read in 'needs'")
  }

  private func checkFinite(_ sample: NamedMinibatch) throws(FulcrumError) {
    let result = try weighed(sample, by: make())
    try requireFinite(result.weights, "weights of \(sample.name)")
    try requireFinite(result.losses, "losses of \(sample.name)")
    try requireFinite(result.entropyWeights, "entropy weights of \(sample.name)")
    try requireFinite(result.entropyLosses, "entropy losses of \(sample.name)")
    try requireFinite(result.candidateWeights, "candidate weights of \(sample.name)")
    try requireFinite(result.candidateLosses, "candidate losses of \(sample.name)")
    try requireFinite(result.metrics, of: sample.name)
  }
}
