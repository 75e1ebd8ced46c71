import FulcrumKernel

extension PluginContract {
  /// The contract of a reward function, for its author.
  ///
  /// - Parameters:
  ///   - type: the reward to be tested.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - samples: prompts with answers that the function can use, and completions that it
  ///     understands; arbitrary text is tried with their answers. None: with answers like `42`.
  public static func checks(
    for type: any RewardFn.Type, _ parameters: [String: ParameterValue] = [:],
    samples: [RewardSample] = []
  ) -> [ContractCheck] {
    let make: Maker<any RewardFn> = { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
    return checks(reward: type.manual, parameters, samples: samples, type: type, make: make)
  }

  /// The contract of a reward function, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - samples: as above.
  ///   - type: the reward's, for what only some can do; `nil`: it has none of its own.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    reward manual: ComponentManual, _ parameters: [String: ParameterValue],
    samples: [RewardSample] = [], type: (any RewardFn.Type)? = nil,
    make: @escaping Maker<any RewardFn>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    let trials = RewardTrials(given: samples)
    return subject.commonChecks(probe: subject.probe(trials)) + subject.rewardChecks(trials)
      + subject.answerChecks(of: type, trials)
  }
}

extension Subject where Instance == any RewardFn {
  fileprivate func probe(_ trials: RewardTrials) -> Probe<any RewardFn> {
    { (instance, trace) throws(FulcrumError) in
      var results = RewardTrace()
      for sample in trials.given + trials.few {
        results.add(Self.outcome(of: sample, by: instance))
      }
      trace = results.trace
    }
  }

  /// A function's answer to a sample, an error included.
  private static func outcome(of sample: RewardSample, by instance: any RewardFn) -> RewardResult {
    do {
      return .score(try instance.score(sample))
    } catch {
      return .refusal(error)
    }
  }

  fileprivate func rewardChecks(_ trials: RewardTrials) -> [ContractCheck] {
    [
      ContractCheck("the given samples are scored") { () throws(FulcrumError) in
        let reward = try make()
        for sample in trials.given {
          do throws(FulcrumError) {
            _ = try reward.score(sample)
          } catch {
            throw unexpected(error, "the sample \(Self.label(sample))")
          }
        }
      },
      ContractCheck("arbitrary text in the completion is scored, never an error") {
        () throws(FulcrumError) in
        let reward = try make()
        for answer in trials.answers { try checkTexts(trials.samples(with: answer), by: reward) }
      },
      ContractCheck("rewards and their parts are finite") { () throws(FulcrumError) in
        let reward = try make()
        for sample in trials.all {
          guard case .score(let score) = Self.outcome(of: sample, by: reward) else { continue }
          let values =
            [("reward", score.value ?? 0)] + score.parts.map { ("part '\($0.name)'", $0.value) }
          for (name, value) in values where !value.isFinite {
            throw fault("expected a finite \(name) for \(Self.label(sample)), got \(value)")
          }
        }
      },
      ContractCheck("a completion without a score has an outcome that says so, and a reason") {
        () throws(FulcrumError) in
        let reward = try make()
        for sample in trials.all {
          guard case .score(let score) = Self.outcome(of: sample, by: reward), score.value == nil
          else { continue }
          guard RewardOutcome.withoutScore.contains(score.outcome), score.reason?.isEmpty == false
          else {
            throw fault(
              "expected an outcome of error, refused or time-out and a reason where there is no score,"
                + " got '\(score.outcome.rawValue)' and '\(score.reason ?? "")' for"
                + " \(Self.label(sample))")
          }
        }
      },
      ContractCheck("an answer that can't be used is named in the error") {
        () throws(FulcrumError) in
        let reward = try make()
        for answer in trials.answers {
          guard case .refusal(let error) = Self.outcome(of: trials.plain(with: answer), by: reward)
          else { continue }
          let name = answer.isEmpty ? "answer" : String(answer.prefix(20))
          guard error.description.contains(name) else {
            throw fault(
              "expected an error that names the answer '\(name)', got: \(error.message)",
              hint: "if other parts of the sample are at fault, give samples that can be scored")
          }
        }
      },
      ContractCheck("a batch is scored as its samples are, in order") { () throws(FulcrumError) in
        let reward = try make()
        // What can't be scored has no place in a batch, which fails as a whole.
        var usable: [RewardSample] = []
        var one = RewardTrace()
        for sample in trials.all {
          let result = Self.outcome(of: sample, by: reward)
          guard case .score = result else { continue }
          usable.append(sample)
          one.add(result)
        }
        var other = RewardTrace()
        for score in try reward.score(usable) { other.add(.score(score)) }
        try requireSame(one.trace, other.trace, "from single calls and from a batch")
        let none = try reward.score([] as [RewardSample])
        guard none.isEmpty else {
          throw fault("expected no scores for no samples, got \(none.count)")
        }
      },
      ContractCheck("calls from several threads at once give what single calls give") {
        () throws(FulcrumError) in
        let reward = try make()
        let samples = trials.given + trials.few
        var serial = RewardTrace()
        for sample in samples { serial.add(Self.outcome(of: sample, by: reward)) }
        for trace in try concurrentTraces(of: samples, by: reward) {
          try requireSame(serial.trace, trace, "alone and beside calls from other threads")
        }
      },
    ]
  }

  /// - Parameter samples: of one answer; the first is one of a plain completion.
  private func checkTexts(
    _ samples: [RewardSample], by reward: any RewardFn
  ) throws(FulcrumError) {
    guard let plain = samples.first else { return }
    // An answer that can't be used is refused whatever the completion is.
    if case .refusal = Self.outcome(of: plain, by: reward) { return }
    for sample in samples {
      guard case .refusal(let error) = Self.outcome(of: sample, by: reward) else { continue }
      throw fault(
        "expected a score for \(Self.label(sample)), got the error: \(error.message)",
        hint: "what can't be read is an outcome, `.unparseable` or `.badFormat`")
    }
  }

  private func concurrentTraces(
    of samples: [RewardSample], by reward: any RewardFn
  ) throws(FulcrumError) -> [Trace] {
    let threads = 4
    return try ConcurrentCalls.run(threads) { thread in
      // Each begins at another sample, so that different ones are judged at the same time.
      var results: [(place: Int, result: RewardResult)] = []
      for _ in 0..<4 {
        results = samples.indices.map { index in
          let place = (index + thread * samples.count / threads) % samples.count
          return (place, Self.outcome(of: samples[place], by: reward))
        }
      }
      var trace = RewardTrace()
      for (_, result) in results.sorted(by: { $0.place < $1.place }) { trace.add(result) }
      return trace.trace
    }
  }

  private static func label(_ sample: RewardSample) -> String {
    let text = sample.completion.unicodeScalars.prefix(40).map { $0.escaped(asASCII: true) }
    return "the completion \"\(text.joined())\" of \(sample.completion.utf8.count) bytes"
  }
}
