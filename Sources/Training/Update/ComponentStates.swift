import FulcrumKernel

/// Holds what the stateful components of a training step carry from step to step.
///
/// Each has its place in the step and its name for a key: `objective 1, my-idea`.
package struct ComponentStates: Sendable, Equatable, Codable {
  private var states: [String: [String: Double]] = [:]

  package init() {}

  package var isEmpty: Bool { states.isEmpty }

  package init(from decoder: any Decoder) throws {
    states = try decoder.singleValueContainer().decode([String: [String: Double]].self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(states)
  }

  /// The states as the components have them now.
  ///
  /// - Throws: `.pluginFault` for a number that is not finite: no checkpoint could hold it.
  package init(of components: StepComponents) throws(FulcrumError) {
    for (key, component) in components.stateful {
      let state = try component.call { (component) in component.state }
      for (name, value) in state where !value.isFinite {
        throw component.fault(
          "expected a finite state, got \(value) for '\(name)'",
          hint: "a checkpoint could not hold it, and the run could not be resumed")
      }
      states[key] = state
    }
  }

  /// Gives the components their states back.
  ///
  /// - Returns: the keys that only one side has: of components that there is no state for, which are as
  ///   they were made, and of states that there is no component for.
  /// - Throws: what a component throws.
  @discardableResult
  package func restore(_ components: StepComponents) throws(FulcrumError) -> (
    missing: [String], unused: [String]
  ) {
    var missing: [String] = []
    var unused = Set(states.keys)
    for (key, component) in components.stateful {
      guard let state = states[key] else {
        missing.append(key)
        continue
      }
      unused.remove(key)
      try component.call { (component) throws(FulcrumError) in try component.restore(state) }
    }
    return (missing, unused.sorted())
  }
}

extension StepComponents {
  /// The components that carry numbers from step to step, each with its key.
  fileprivate var stateful: [(key: String, component: Named<any StatefulComponent>)] {
    var found: [(key: String, component: Named<any StatefulComponent>)] = []
    func add<Component>(_ named: Named<Component>, _ number: Int) {
      guard let component = named.component as? any StatefulComponent else { return }
      found.append(("\(named.role) \(number), \(named.name)", named.with(component)))
    }
    for (index, transform) in transforms.enumerated() { add(transform, index + 1) }
    if let scheduler { add(scheduler, 1) }
    for (index, objective) in objectives.objectives.enumerated() { add(objective, index + 1) }
    return found
  }

  /// Lets the components that carry numbers from step to step begin a step.
  func begin(_ batch: RolloutBatch) throws(FulcrumError) {
    for (_, component) in stateful {
      try component.call { (component) throws(FulcrumError) in try component.begin(batch) }
    }
  }
}
