import FulcrumKernel

extension PluginContract {
  /// The contract of an update scheduler, for its author.
  ///
  /// - Parameters:
  ///   - type: the scheduler to be tested.
  ///   - parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any UpdateScheduler.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(updateScheduler: type.manual, parameters, type: type) {
      (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of an update scheduler, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - type: of the instances, by whose capabilities there are further checks.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    updateScheduler manual: ComponentManual, _ parameters: [String: ParameterValue],
    type: (any UpdateScheduler.Type)? = nil, make: @escaping Maker<any UpdateScheduler>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks(probe: subject.probe) + subject.schedulerChecks
      + (type is any ReportingScheduler.Type ? [subject.reportCheck] : [])
      + (type is any StatefulComponent.Type
        ? [subject.stateCheck(needs: { $0.needs }, probe: subject.probe)] : [])
  }
}

extension Subject where Instance == any UpdateScheduler {
  fileprivate var probe: Probe<any UpdateScheduler> {
    { (instance, trace) throws(FulcrumError) in
      for sample in NamedBatch.probes {
        Self.add(try phases(of: sample, by: instance), of: sample, to: &trace)
      }
      trace.add("passes", [Double(instance.passes)])
      trace.add("nesting", texts: [instance.nesting.rawValue])
    }
  }

  fileprivate func phases(
    of sample: NamedBatch, by instance: any UpdateScheduler
  ) throws(FulcrumError) -> [UpdatePhase] {
    let batch = sample.batch.keeping(instance.needs)
    do {
      return try instance.phases(for: batch, advantages: batch.returns.span)
    } catch {
      throw unexpected(error, sample.name)
    }
  }

  fileprivate var schedulerChecks: [ContractCheck] {
    [
      ContractCheck("there is at least one phase and one pass") { () throws(FulcrumError) in
        for sample in everyBatch {
          let scheduler = try make()
          let count = try phases(of: sample, by: scheduler).count
          guard count > 0, scheduler.passes > 0 else {
            throw fault(
              "expected at least one phase and one pass for \(sample.name), got \(count) and"
                + " \(scheduler.passes)")
          }
        }
      },
      ContractCheck("a mask has one entry for each token") { () throws(FulcrumError) in
        for sample in everyBatch {
          let tokens = sample.batch.sequences.tokenCount
          for phase in try phases(of: sample, by: make()) {
            let count = phase.participates?.count ?? tokens
            guard count == tokens else {
              throw fault(
                "expected a mask of \(tokens) tokens for \(sample.name), got \(count) in phase"
                  + " '\(phase.name)'")
            }
          }
        }
      },
      ContractCheck("every token takes part in as many phases as there are passes") {
        () throws(FulcrumError) in
        for sample in everyBatch { try checkParticipation(in: sample) }
      },
      ContractCheck("phases have names, no two of them the same") { () throws(FulcrumError) in
        for sample in everyBatch {
          let names = try phases(of: sample, by: make()).map(\.name)
          guard !names.contains(""), Set(names).count == names.count else {
            throw fault(
              "expected distinct names of phases for \(sample.name), got "
                + names.map { "'\($0)'" }.joined(separator: ", "))
          }
        }
      },
      ContractCheck("an empty batch is accepted") { () throws(FulcrumError) in
        for sample in NamedBatch.empty + [.noTokens] { _ = try phases(of: sample, by: make()) }
      },
      ContractCheck("a batch of two mini-batches is accepted") { () throws(FulcrumError) in
        _ = try phases(of: .twoMinibatches, by: make())
      },
      ContractCheck("the declared columns are columns that a host computes") {
        () throws(FulcrumError) in try requireOffered(make().needs)
      },
      ContractCheck("the declared columns are all that is read") { () throws(FulcrumError) in
        for sample in NamedBatch.probes {
          let alone = try phases(of: sample, by: make())
          let instance = try make()
          let all = try instance.phases(
            for: sample.batch.completed(with: instance.needs),
            advantages: sample.batch.returns.span)
          var one = Trace()
          var other = Trace()
          Self.add(alone, of: sample, to: &one)
          Self.add(all, of: sample, to: &other)
          try requireSame(
            one, other, "with the declared columns and with all of them",
            hint: "name every column that is read in 'needs'")
        }
      },
      ContractCheck("the batch is left as it was") { () throws(FulcrumError) in
        for sample in NamedBatch.probes {
          let instance = try make()
          let batch = sample.batch.completed(with: instance.needs).ownCopy
          let advantages = batch.returns
          var before = batch.snapshot
          before.add("advantages", advantages)
          _ = try instance.phases(for: batch, advantages: advantages.span)
          var after = batch.snapshot
          after.add("advantages", advantages)
          try requireSame(before, after, "in \(sample.name) before and after the call")
        }
      },
    ]
  }

  fileprivate var reportCheck: ContractCheck {
    ContractCheck("what is reported is finite, the same again, and changes no phase") {
      () throws(FulcrumError) in
      for sample in everyBatch {
        let plain = try make()
        var one = Trace()
        Self.add(try phases(of: sample, by: plain), of: sample, to: &one)
        guard let reporting = plain as? any ReportingScheduler else { continue }
        var reports: [Trace] = []
        for _ in 0..<2 {
          let batch = sample.batch.keeping(plain.needs)
          var metrics = MetricSums()
          let phases = try reporting.phases(
            for: batch, advantages: batch.returns.span, metrics: &metrics)
          try requireFinite(metrics, of: sample.name)
          var other = Trace()
          Self.add(phases, of: sample, to: &other)
          try requireSame(one, other, "without a report and with one")
          other.add(metrics, of: sample.name)
          reports.append(other)
        }
        try requireSame(reports[0], reports[1], "in a first and in a second call")
      }
    }
  }

  /// The batches that every promise about phases is tried on.
  private var everyBatch: [NamedBatch] {
    NamedBatch.empty + [.noTokens, .oneToken, .extreme, .equalRewards] + NamedBatch.probes
  }

  private static func add(_ phases: [UpdatePhase], of sample: NamedBatch, to trace: inout Trace) {
    trace.add("phase names of \(sample.name)", texts: phases.map(\.name))
    for phase in phases {
      trace.add(
        "mask of phase '\(phase.name)' of \(sample.name)",
        (phase.participates ?? []).map { $0 ? 1.0 : 0 })
    }
  }

  private func checkParticipation(in sample: NamedBatch) throws(FulcrumError) {
    let scheduler = try make()
    let phases = try phases(of: sample, by: scheduler)
    for token in 0..<sample.batch.sequences.tokenCount {
      let taking = phases.filter { phase in
        guard let mask = phase.participates else { return true }
        return mask.indices.contains(token) && mask[token]
      }
      guard taking.count == scheduler.passes else {
        throw fault(
          "expected every token in \(scheduler.passes) of the phases for \(sample.name), got token"
            + " \(token) in \(taking.count): "
            + taking.map { "'\($0.name)'" }.joined(separator: ", "),
          hint: "phases must neither lose nor repeat tokens; to leave some out, give them advantage"
            + " zero by a transform")
      }
    }
  }
}
