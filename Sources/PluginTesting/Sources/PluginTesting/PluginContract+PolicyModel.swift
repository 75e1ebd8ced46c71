import FulcrumKernel

extension PluginContract {
  /// The contract of a policy, for its author.
  ///
  /// - Parameters:
  ///   - type: the policy to be tested.
  ///   - parameters: to test with, of a small model: every check makes one or two. Those left out have
  ///     their defaults.
  public static func checks(
    for type: any PolicyModel.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(policy: type.manual, parameters, type: type) {
      (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a policy, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - type: of the instances, by whose capabilities there are further checks.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    policy manual: ComponentManual, _ parameters: [String: ParameterValue],
    type: (any PolicyModel.Type)? = nil, make: @escaping Maker<any PolicyModel>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks(
      isStateless: false, dependsOnThreads: type is any RoundingPolicy.Type, probe: subject.probe)
      + subject.policyChecks
      + subject.capabilityChecks(of: type)
  }
}

extension Subject where Instance == any PolicyModel {
  fileprivate var probe: Probe<any PolicyModel> {
    { (policy, trace) throws(FulcrumError) in
      try PolicyTrial.prepare(policy)
      let sampled = try PolicyTrial.sample(policy)
      trace.add("sampled tokens", sampled.tokens.map { Double($0) })
      trace.add("log π as sampled", sampled.generation.logProbabilities)
      let scores = try PolicyTrial.scores(of: sampled.generation.sequences, by: policy)
      trace.add("scored log π", scores.logProbabilities)
      trace.add("entropies", scores.entropies)
      trace.add("levers", scores.levers)
      try PolicyTrial.learn(from: sampled.generation.sequences, weight: 1, by: policy)
      let after = try PolicyTrial.scores(of: sampled.generation.sequences, by: policy)
      trace.add("scored log π after a step", after.logProbabilities)
    }
  }

  fileprivate var policyChecks: [ContractCheck] {
    [
      ContractCheck("a fresh policy samples tokens with finite log-probabilities") {
        () throws(FulcrumError) in
        let policy = try prepared()
        let sampled = try PolicyTrial.sample(policy)
        let logs = sampled.generation.logProbabilities
        guard logs.count == sampled.tokens.count, !logs.isEmpty else {
          throw fault(
            "expected log π for \(sampled.tokens.count) sampled tokens, got \(logs.count)")
        }
        for (token, log) in logs.enumerated() where !(log.isFinite && log <= 0) {
          throw fault("expected finite log π of at most 0, got \(log) for token \(token)")
        }
      },
      ContractCheck("what was sampled scores as it was sampled") { () throws(FulcrumError) in
        let policy = try prepared()
        let generation = try PolicyTrial.sample(policy).generation
        let sampled = generation.logProbabilities
        let scored = try PolicyTrial.scores(of: generation.sequences, by: policy).logProbabilities
        if let rounding = policy as? any RoundingPolicy {
          return try requireClose(sampled, scored, rounding.roundingTolerance)
        }
        var one = Trace()
        one.add("log π", sampled)
        var other = Trace()
        other.add("log π", scored)
        try requireSame(one, other, "as sampled and as scored")
      },
      ContractCheck("the pieces of a score partition the tokens, with a value for each") {
        () throws(FulcrumError) in
        let policy = try prepared()
        let sequences = try PolicyTrial.sample(policy).generation.sequences
        let scores = try PolicyTrial.scores(of: sequences, by: policy)
        guard scores.places == Array(0..<sequences.tokenCount) else {
          throw fault("expected every token once and in order, got \(scores.places)")
        }
        for (name, count) in [
          ("log π", scores.logProbabilities.count), ("entropies", scores.entropies.count),
          ("levers", scores.levers.count),
        ] where count != sequences.tokenCount {
          throw fault("expected \(sequences.tokenCount) \(name), got \(count)")
        }
      },
      ContractCheck(
        "a step along the gradient raises log-probabilities, one against it lowers them"
      ) {
        () throws(FulcrumError) in
        for weight in [1, -1] as [Float] { try checkStep(weight: weight) }
      },
      ContractCheck("a saved policy scores the same when it is read again") {
        () throws(FulcrumError) in
        guard let checkpoint = manual.parameters.first(where: { $0.meaning == .checkpoint }) else {
          throw fault(
            "expected a parameter of the meaning 'checkpoint', a folder that 'save' wrote, got none",
            hint: "a run can't be resumed without")
        }
        let policy = try prepared()
        let sequences = try PolicyTrial.sample(policy).generation.sequences
        var one = Trace()
        one.add("log π", try PolicyTrial.scores(of: sequences, by: policy).logProbabilities)
        let folder = try ScratchFolder()
        try policy.save(to: folder.path)
        var given = parameters
        given[checkpoint.name] = .text(folder.path)
        let copy = try make(given)
        if let fresh = copy as? any FreshPolicy, !fresh.isReady {
          throw fault("expected a policy that was read from a checkpoint to be ready, it isn't")
        }
        var other = Trace()
        other.add("log π", try PolicyTrial.scores(of: sequences, by: copy).logProbabilities)
        try requireSame(one, other, "before and after it was saved and read")
      },
      ContractCheck("a stop string ends a completion where its text first has it") {
        () throws(FulcrumError) in
        for minimum in [0, 4] { try checkStopStrings(minimum: minimum) }
      },
      ContractCheck("nothing ends a completion within its minimum length") {
        () throws(FulcrumError) in try checkMinimumLength()
      },
      ContractCheck("cuts leave the likeliest tokens, and log π of the whole distribution") {
        () throws(FulcrumError) in try checkCuts()
      },
      ContractCheck("further statistics agree with each other and with the scores") {
        () throws(FulcrumError) in try checkStatistics()
      },
      ContractCheck("the tokens that take part are given, each once, and no others") {
        () throws(FulcrumError) in try checkVisits()
      },
      ContractCheck("leaving tokens out gives the gradient of weights of zero") {
        () throws(FulcrumError) in try checkParticipantGradients()
      },
    ]
  }

  func prepared() throws(FulcrumError) -> any PolicyModel {
    let policy = try make()
    try PolicyTrial.prepare(policy)
    return policy
  }

  private func requireClose(
    _ sampled: [Float], _ scored: [Float], _ tolerance: Float
  ) throws(FulcrumError) {
    for (token, (one, other)) in zip(sampled, scored).enumerated()
    where !(abs(one - other) <= tolerance) {
      throw fault(
        "expected log π as sampled and as scored to differ by at most \(tolerance), got \(one) and"
          + " then \(other) for token \(token)",
        hint: "the policy's 'roundingTolerance' is the most that it allows itself")
    }
  }

  private func checkStep(weight: Float) throws(FulcrumError) {
    let policy = try prepared()
    let sequences = try PolicyTrial.sample(policy).generation.sequences
    let before = try PolicyTrial.scores(of: sequences, by: policy).total
    try PolicyTrial.learn(from: sequences, weight: weight, by: policy)
    let after = try PolicyTrial.scores(of: sequences, by: policy).total
    guard weight > 0 ? after > before : after < before else {
      throw fault(
        "expected Σ log π to \(weight > 0 ? "rise" : "fall") in a step with weights \(weight), got"
          + " \(before) and then \(after)")
    }
  }
}
