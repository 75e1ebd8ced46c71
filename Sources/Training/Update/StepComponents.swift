import FulcrumKernel

/// Holds the components of a training step, each by its protocol.
package struct StepComponents {
  package let policy: any PolicyModel
  /// The frozen policy; present only if some component reads it.
  package var reference: (any FrozenPolicy)?
  package let transforms: [Named<any AdvantageTransform>]
  /// Splits the update into phases; `nil`: one phase with every token.
  package let scheduler: Named<any UpdateScheduler>?
  package let objectives: ObjectiveSum
  package let options: UpdateOptions

  package init(
    policy: any PolicyModel, reference: (any FrozenPolicy)? = nil,
    transforms: [Named<any AdvantageTransform>], scheduler: Named<any UpdateScheduler>?,
    objectives: ObjectiveSum, options: UpdateOptions
  ) {
    self.policy = policy
    self.reference = reference
    self.transforms = transforms
    self.scheduler = scheduler
    self.objectives = objectives
    self.options = options
  }

  /// The columns that some component declared.
  package var needs: Set<Column> {
    var needs = objectives.needs
    for transform in transforms { needs.formUnion(transform.component.needs) }
    if let scheduler { needs.formUnion(scheduler.component.needs) }
    return needs
  }

  /// Checks that the components' needs can be met.
  ///
  /// - Throws: `.pluginFault` for a column that can't exist; `.unsupported` for a policy that lacks
  ///   what an objective needs.
  package func check() throws(FulcrumError) {
    for transform in transforms { try check(transform, needs: transform.component.needs) }
    if let scheduler { try check(scheduler, needs: scheduler.component.needs) }
    for objective in objectives.objectives {
      try check(objective, needs: objective.component.needs, isObjective: true)
    }
    if objectives.weighsEntropy { _ = try policy.requireEntropyGradient() }
    for objective in objectives.choosers {
      let count = objective.component.candidateCount
      guard count > 0 else {
        throw objective.fault("expected at least one candidate a place, got \(count)")
      }
      _ = try policy.requireCandidateGradient()
      // More than the vocabulary has are refused as a list of so many would be.
      try checkStatistics(of: objective, [Column(.current, .topTokens(count))])
    }
  }

  private func check<Component>(
    _ named: Named<Component>, needs: Set<Column>, isObjective: Bool = false
  ) throws(FulcrumError) {
    try named.checkNeeds(needs, isObjective: isObjective)
    try checkStatistics(of: named, needs)
  }

  /// Asks the policy for no token's statistics: it refuses then what it would refuse in a step.
  private func checkStatistics<Component>(of named: Named<Component>, _ needs: Set<Column>)
    throws(FulcrumError)
  {
    let request = ScoreRequest(
      temperature: options.temperature, statistics: Set(needs.map(\.statistic)))
    guard !request.statistics.isEmpty else { return }
    do throws(FulcrumError) {
      let none = SequenceBatch(prompts: [], completions: [])
      try policy.score(none, sequences: 0..<0, request: request) { (_, _) in }
    } catch {
      throw error.within(named.place)
    }
  }

  /// Whether some component reads the reference policy.
  package var readsReference: Bool { needs.contains { $0.policy == .reference } }
}

extension Named {
  /// - Parameter isObjective: whether it is an objective; only these are called during the update.
  fileprivate func checkNeeds(_ needs: Set<Column>, isObjective: Bool) throws(FulcrumError) {
    for column in needs.sorted(by: { $0.name < $1.name }) {
      guard column.isValid else {
        throw fault("expected columns that a policy can give, got \(column.name)")
      }
      guard isObjective || column.policy != .current else {
        throw fault(
          "expected columns of the step's beginning, got \(column.name)",
          hint: "only an objective is called while the policy is being updated")
      }
    }
  }
}
