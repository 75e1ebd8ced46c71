import FulcrumKernel
import PluginChecks
import PluginHost
import Training

/// Calls a component on made-up batches and sees what becomes of its tokens' weights.
struct MethodTrial {
  let component: HostComponent
  let parameters: Parameters

  /// What a component said of itself beside its weights.
  struct Reading {
    var needs: Set<Column> = []
    var isSurveying = false
    var isStateful = false
    var candidates: Int?
    var weighsEntropy = false
  }

  /// The kinds that have something to show.
  static let kinds: [HostComponent.Kind] = [
    .advantageTransform, .policyObjective, .updateScheduler,
  ]

  /// Returns the curves, and what the component reads.
  ///
  /// - Throws: what the component throws; `.pluginFault`, with the component's place, for what its
  ///   protocol doesn't allow.
  func run() throws(FulcrumError) -> (curves: MethodPortrait, reading: Reading) {
    let instance = try make()
    var reading = Reading()
    reading.isStateful = instance is any StatefulComponent
    switch instance {
    case let objective as any PolicyObjective where component.kind == .policyObjective:
      reading.needs = objective.needs
      reading.isSurveying = objective is any SurveyingObjective
      reading.weighsEntropy = objective is any EntropyObjective
      reading.candidates = (objective as? any CandidateObjective)?.candidateCount
      return (try curves(of: objective), reading)
    case let transform as any AdvantageTransform where component.kind == .advantageTransform:
      reading.needs = transform.needs
      return (try curves(of: transform), reading)
    case let scheduler as any UpdateScheduler where component.kind == .updateScheduler:
      reading.needs = scheduler.needs
      return (try curves(of: scheduler), reading)
    default:
      throw FulcrumError(
        .pluginFault,
        "it is registered as \(component.kind.rawValue) but does not conform to its protocol",
        at: component.label, hint: "register it by the method of its own protocol")
    }
  }

  /// Makes an instance; each call has its own, so that none depends on another.
  private func make() throws(FulcrumError) -> any Component {
    let component = component
    let parameters = parameters
    return try call { () throws(FulcrumError) in
      try component.make(parameters, context: ComponentContext(seed: 1, threads: 1))
    }
  }

  /// Calls the component's code. Errors get its place, unless they have it: those of its parameters.
  private func call<Result>(_ body: () throws(FulcrumError) -> Result) throws(FulcrumError)
    -> Result
  {
    do throws(FulcrumError) {
      return try Named(component.kind.rawValue, name: component.manual.name, component: ())
        .call { (_) throws(FulcrumError) in try body() }
    } catch {
      let place = component.label
      guard let location = error.location, location.hasPrefix("\(place): \(place)") else {
        throw error
      }
      var error = error
      error.location = String(location.dropFirst(place.count + 2))
      throw error
    }
  }

  private func fault(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.pluginFault, message, at: component.label, hint: hint)
  }

  /// Returns the batch with the columns that the component needs; errors get its place.
  private func rollout(_ batch: CurveBatch, needs: Set<Column>) throws(FulcrumError)
    -> RolloutBatch
  {
    do throws(FulcrumError) {
      return try batch.rollout(needs: needs)
    } catch {
      throw error.within(component.label)
    }
  }

  /// Whether every value is finite.
  ///
  /// - Parameter what: `weights`, for the message.
  private func checked(_ values: [Float], _ what: String, of batch: CurveBatch, width: Int = 1)
    throws(FulcrumError) -> [Double]
  {
    for (index, value) in values.enumerated() where !value.isFinite {
      let token = batch.tokens[index / max(1, width)]
      throw fault(
        "expected finite \(what), got \(value) for a token with π \(token.current.probability),"
          + " π_old \(token.old.probability) and advantage \(token.isPositive ? 1 : -1)")
    }
    return values.map { Double($0) }
  }
}

/// Objectives.
extension MethodTrial {
  private struct Weighed {
    let weights: SignedCurves
    let further: [MethodPortrait.Further]
  }

  private func curves(of objective: any PolicyObjective) throws(FulcrumError) -> MethodPortrait {
    if let choosing = objective as? any CandidateObjective {
      guard (1...PlaceDistribution.vocabulary).contains(choosing.candidateCount) else {
        throw fault(
          "expected 1 to \(PlaceDistribution.vocabulary) candidates, as many as the made-up"
            + " vocabulary has, got \(choosing.candidateCount)")
      }
    }
    let first = try weighed(.onPolicy, by: objective)
    guard let another = try make() as? any PolicyObjective else {
      throw fault("expected the same type of each instance")
    }
    let second = try weighed(.byRatio(.update), by: another)
    var curves = MethodPortrait(
      measure: .weight, onPolicy: first.weights, byRatio: second.weights)
    curves.furtherOnPolicy = first.further
    curves.furtherByRatio = second.further
    return curves
  }

  private func weighed(
    _ batch: CurveBatch, by objective: any PolicyObjective
  ) throws(FulcrumError) -> Weighed {
    let minibatch = try MadeUpMinibatch(
      try rollout(batch, needs: objective.needs), needs: objective.needs,
      advantages: batch.signs
    ) { (statistic) throws(FulcrumError) in try batch.values(of: statistic, .current) }
    let result = try call { () throws(FulcrumError) in try minibatch.weighed(by: objective) }
    /// Returns what each token's weight is for one unit of its advantage.
    func perAdvantage(_ weights: [Double]) -> SignedCurves {
      let values = zip(weights, batch.signs).map { $0 / minibatch.share / Double($1) }
      return SignedCurves(values, of: batch)
    }
    var further: [MethodPortrait.Further] = []
    if let weights = result.entropyWeights {
      let checked = try checked(weights, "entropy weights", of: batch)
      // The entropy's weight has no advantage in it.
      further.append(
        MethodPortrait.Further(
          name: "v on ∇H",
          curves: SignedCurves(checked.map { $0 / minibatch.share }, of: batch)))
    }
    if let weights = result.candidateWeights, result.candidateCount > 0 {
      let width = result.candidateCount
      let checked = try checked(weights, "candidates' weights", of: batch, width: width)
      let likeliest = batch.tokens.indices.map { checked[$0 * width] }
      further.append(
        MethodPortrait.Further(name: "c on the likeliest", curves: perAdvantage(likeliest)))
    }
    let weights = try checked(result.weights, "weights", of: batch)
    return Weighed(weights: perAdvantage(weights), further: further)
  }
}

/// Transforms.
extension MethodTrial {
  private func curves(of transform: any AdvantageTransform) throws(FulcrumError) -> MethodPortrait {
    let batch = CurveBatch.onPolicy
    let returns = batch.returns
    let isBaseline = try isBaseline(batch, returns)
    let first = try factors(batch, isBaseline: isBaseline)
    guard transform.needs.contains(.rolloutLogProbabilities) else {
      return MethodPortrait(
        measure: isBaseline ? .baseline : .factor, onPolicy: first, byRatio: nil)
    }
    var curves = MethodPortrait(
      measure: isBaseline ? .baseline : .factor, onPolicy: first,
      byRatio: try factors(.byRatio(.sampler), isBaseline: isBaseline))
    curves.isSamplersRatio = true
    return curves
  }

  /// Whether the transform subtracts a baseline: returns that are all higher by 1 change nothing, and
  /// those of the other answers change something.
  private func isBaseline(_ batch: CurveBatch, _ returns: [Float]) throws(FulcrumError) -> Bool {
    let outcome = try transformed(batch, from: returns)
    let other = try transformed(batch, from: returns.map { $0 + 1 })
    let most = outcome.map(abs).max() ?? 0
    guard most > 0, zip(outcome, other).allSatisfy({ abs($0 - $1) <= 1e-4 * most }) else {
      return false
    }
    let opposite = try transformed(batch, from: returns.map { 1 - $0 })
    return zip(outcome, opposite).contains { abs($0 - $1) > 1e-4 * most }
  }

  private func factors(_ batch: CurveBatch, isBaseline: Bool) throws(FulcrumError) -> SignedCurves {
    let before = isBaseline ? batch.centredReturns : batch.signs
    let after = try transformed(batch, from: isBaseline ? batch.returns : batch.signs)
    return SignedCurves(zip(after, before).map { $0 / Double($1) }, of: batch)
  }

  private func transformed(
    _ batch: CurveBatch, from advantages: [Float]
  ) throws(FulcrumError) -> [Double] {
    guard let transform = try make() as? any AdvantageTransform else {
      throw fault("expected the same type of each instance")
    }
    let rollout = try rollout(batch, needs: transform.needs)
    var changed = advantages
    try call { () throws(FulcrumError) in
      try (transform as? any StatefulComponent)?.begin(rollout)
      var span = changed.mutableSpan
      try transform.transform(&span, of: rollout)
    }
    return try checked(changed, "advantages", of: batch)
  }
}

/// Schedules.
extension MethodTrial {
  private func curves(of scheduler: any UpdateScheduler) throws(FulcrumError) -> MethodPortrait {
    let batch = CurveBatch.onPolicy
    let rollout = try rollout(batch, needs: scheduler.needs)
    try call { () throws(FulcrumError) in
      try (scheduler as? any StatefulComponent)?.begin(rollout)
    }
    var metrics = MetricSums()
    let phases = try PhaseCheck.phases(
      of: Named(component.kind.rawValue, name: component.manual.name, component: scheduler),
      for: rollout, advantages: batch.signs, metrics: &metrics)
    // A token counts as often as it takes part.
    var counts = [Double](repeating: 0, count: batch.tokens.count)
    var shares: [MethodPortrait.Phase] = []
    for phase in phases {
      let mask = batch.tokens.indices.map { phase.participates?[$0] ?? true }
      for token in counts.indices where mask[token] { counts[token] += 1 }
      let values = mask.map { $0 ? 1.0 : 0 }
      shares.append(
        MethodPortrait.Phase(
          name: phase.name, share: WeightCurve(values, of: batch) { _ in true }))
    }
    var curves = MethodPortrait(
      measure: .phase, onPolicy: SignedCurves(counts, of: batch), byRatio: nil)
    curves.phases = shares
    return curves
  }
}
