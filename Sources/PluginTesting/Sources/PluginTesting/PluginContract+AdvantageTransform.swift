import FulcrumKernel

extension PluginContract {
  /// The contract of an advantage transform, for its author.
  ///
  /// - Parameters:
  ///   - type: the transform to be tested.
  ///   - parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any AdvantageTransform.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(advantageTransform: type.manual, parameters, type: type) {
      (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of an advantage transform, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - type: of the instances, by whose capabilities there are further checks.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    advantageTransform manual: ComponentManual, _ parameters: [String: ParameterValue],
    type: (any AdvantageTransform.Type)? = nil, make: @escaping Maker<any AdvantageTransform>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks(probe: subject.probe) + subject.transformChecks
      + (type is any ReportingTransform.Type ? [subject.reportCheck] : [])
      + (type is any StatefulComponent.Type
        ? [subject.stateCheck(needs: { $0.needs }, probe: subject.probe)] : [])
  }
}

extension Subject where Instance == any AdvantageTransform {
  fileprivate var probe: Probe<any AdvantageTransform> {
    { (instance, trace) throws(FulcrumError) in
      for sample in NamedBatch.probes {
        trace.add("advantages of \(sample.name)", try advantages(of: sample, by: instance))
      }
    }
  }

  /// The advantages of a batch's returns, or of what an earlier link of the chain left.
  ///
  /// - Parameter incoming: `nil`: returns.
  fileprivate func advantages(
    of sample: NamedBatch, by instance: any AdvantageTransform, from incoming: [Float]? = nil
  ) throws(FulcrumError) -> [Float] {
    let batch = sample.batch.keeping(instance.needs)
    var values = incoming ?? batch.returns
    var span = values.mutableSpan
    do {
      try instance.transform(&span, of: batch)
    } catch {
      throw unexpected(error, sample.name)
    }
    return values
  }

  fileprivate func requireFiniteAdvantages(of samples: [NamedBatch]) throws(FulcrumError) {
    for sample in samples {
      try requireFinite(
        try advantages(of: sample, by: make()), "advantages of \(sample.name)")
    }
  }

  fileprivate var transformChecks: [ContractCheck] {
    [
      ContractCheck("an empty batch is accepted") { () throws(FulcrumError) in
        try requireFiniteAdvantages(of: NamedBatch.empty)
      },
      ContractCheck("completions without tokens are accepted") { () throws(FulcrumError) in
        try requireFiniteAdvantages(of: [.noTokens])
      },
      ContractCheck("one sample of one token gets a finite advantage") {
        () throws(FulcrumError) in try requireFiniteAdvantages(of: [.oneToken])
      },
      ContractCheck("a ragged batch gets finite advantages") { () throws(FulcrumError) in
        try requireFiniteAdvantages(of: [.ragged, .twoMinibatches, .random(6)])
      },
      ContractCheck("equal rewards get finite advantages") { () throws(FulcrumError) in
        try requireFiniteAdvantages(of: [.equalRewards])
      },
      ContractCheck("extreme rewards and log-probabilities get finite advantages") {
        () throws(FulcrumError) in try requireFiniteAdvantages(of: [.extreme])
      },
      ContractCheck("what differs from token to token is transformed to finite advantages") {
        () throws(FulcrumError) in
        for sample in [NamedBatch.ragged, .random(7)] {
          var numbers = SampleNumbers(seed: 8)
          let incoming = sample.batch.returns.map { $0 + numbers.number(in: -1...1) }
          try requireFinite(
            try advantages(of: sample, by: make(), from: incoming),
            "advantages of \(sample.name) after another transform")
        }
      },
      ContractCheck("the declared columns are columns that a host computes") {
        () throws(FulcrumError) in try requireOffered(make().needs)
      },
      ContractCheck("the declared columns are all that is read") { () throws(FulcrumError) in
        for sample in NamedBatch.probes {
          let alone = try advantages(of: sample, by: make())
          let instance = try make()
          var all = sample.batch.returns
          var span = all.mutableSpan
          try instance.transform(&span, of: sample.batch.completed(with: instance.needs))
          var one = Trace()
          var other = Trace()
          one.add("advantages of \(sample.name)", alone)
          other.add("advantages of \(sample.name)", all)
          try requireSame(
            one, other, "with the declared columns and with all of them",
            hint: "name every column that is read in 'needs'")
        }
      },
      ContractCheck("the batch is left as it was") { () throws(FulcrumError) in
        for sample in NamedBatch.probes {
          let instance = try make()
          let batch = sample.batch.completed(with: instance.needs).ownCopy
          let before = batch.snapshot
          var values = batch.returns
          var span = values.mutableSpan
          try instance.transform(&span, of: batch)
          try requireSame(before, batch.snapshot, "in \(sample.name) before and after the call")
        }
      },
      ContractCheck("the order of groups is irrelevant") { () throws(FulcrumError) in
        for sample in [NamedBatch.ragged, .random(9)] { try checkOrder(of: sample) }
      },
    ]
  }

  fileprivate var reportCheck: ContractCheck {
    ContractCheck("what is reported is finite, the same again, and changes no advantage") {
      () throws(FulcrumError) in
      for sample in NamedBatch.probes + NamedBatch.empty + [.noTokens, .extreme] {
        let plain = try make()
        var one = Trace()
        one.add("advantages of \(sample.name)", try advantages(of: sample, by: plain))
        guard let reporting = plain as? any ReportingTransform else { continue }
        var reports: [Trace] = []
        for _ in 0..<2 {
          let batch = sample.batch.keeping(plain.needs)
          var metrics = MetricSums()
          var values = batch.returns
          var span = values.mutableSpan
          try reporting.transform(&span, of: batch, metrics: &metrics)
          try requireFinite(metrics, of: sample.name)
          var other = Trace()
          other.add("advantages of \(sample.name)", values)
          try requireSame(one, other, "without a report and with one")
          other.add(metrics, of: sample.name)
          reports.append(other)
        }
        try requireSame(reports[0], reports[1], "in a first and in a second call")
      }
    }
  }

  private func checkOrder(of sample: NamedBatch) throws(FulcrumError) {
    let straight = try advantages(of: sample, by: make())
    let groups = sample.batch.sequences.groupCount
    // Between them every group leaves its place and its neighbours.
    for order in [Array((0..<groups).reversed()), (0..<groups).map { ($0 + 1) % groups }] {
      try checkOrder(of: sample, order, straight)
    }
  }

  /// - Parameter straight: the advantages of the batch in its own order.
  private func checkOrder(
    of sample: NamedBatch, _ order: [Int], _ straight: [Float]
  ) throws(FulcrumError) {
    let turned = NamedBatch(
      name: sample.name + " in another order", batch: sample.batch.withGroups(inOrder: order))
    let places = sample.batch.tokens(ofGroups: order)
    let greatest = straight.reduce(0) { max($0, abs(Double($1))) }
    let near = Closeness(
      absolute: greatest * Double(places.count) * 0x1p-24,
      because: "sums over the batch in another order, in Float, differ by a rounding for each token"
    )
    do {
      try near.check(
        try advantages(of: turned, by: make()), against: places.map { straight[$0] },
        of: "advantages of \(turned.name)")
    } catch {
      throw error.within(manual.name)
    }
  }
}
