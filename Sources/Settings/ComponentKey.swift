import FulcrumKernel
import Training

/// Lists the keys that name components: one, or a list where several make sense.
package enum ComponentKey: String, CaseIterable, Sendable {
  case task
  /// Tasks whose held-out items are evaluated beside the task's own, and never trained on.
  case transfer
  case policy
  case reward
  case advantage
  case schedule
  case objective

  /// The error for a key that is missing or empty.
  package var missing: FulcrumError {
    FulcrumError(
      .configuration, "expected a component, got nothing", at: rawValue, hint: remedy)
  }

  /// The error for a key that takes one component and has another number of them.
  package func several(_ count: Int) -> FulcrumError {
    FulcrumError(
      .configuration, "expected one component, got \(count)", at: rawValue, hint: remedy)
  }

  /// The kind of the components under the key.
  package var kind: RegisteredComponent.Kind {
    switch self {
    case .task, .transfer: .task
    case .policy: .policy
    case .reward: .reward
    case .advantage: .advantageTransform
    case .schedule: .updateScheduler
    case .objective: .policyObjective
    }
  }

  var remedy: String { "write \(rawValue): {use: NAME}; fulcrum plugin list shows the names" }
}

extension RegisteredComponent.Kind {
  /// The key under which a configuration names the components of this kind that a run trains with.
  package var configurationKey: ComponentKey {
    switch self {
    case .policy: .policy
    case .task: .task
    case .reward: .reward
    case .advantageTransform: .advantage
    case .updateScheduler: .schedule
    case .policyObjective: .objective
    @unknown default: preconditionFailure("a kind of component without a key: \(rawValue)")
    }
  }
}
