import FulcrumKernel

/// What a run's step is made of, all by protocol.
package struct StepComponents {
  package let policy: any PolicyModel
  /// The frozen policy; present only if some component reads reference log-probabilities.
  package var reference: (any PolicyModel)?
  package let transforms: [Named<any AdvantageTransform>]
  /// `nil`: one phase with every token.
  package let scheduler: Named<any UpdateScheduler>?
  package let objectives: ObjectiveSum
  package let options: UpdateOptions

  package init(
    policy: any PolicyModel, reference: (any PolicyModel)? = nil,
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
}
