/// A transform, a schedule or an objective that carries numbers from step to step, such as a coefficient
/// that follows a target.
///
/// The host calls `begin` once a step, after the columns are computed and before the component's other
/// calls; nothing but `begin` may change the state. Checkpoints hold the state as it was after a step, so
/// a resumed or replayed run computes the same bits.
public protocol StatefulComponent: Component {
  /// Prepares for a step, and changes the state.
  ///
  /// - Parameter batch: the whole rollout batch, with the columns that the component declared.
  func begin(_ batch: RolloutBatch) throws(FulcrumError)

  /// The state, by name: finite numbers from which `restore` makes the same component.
  var state: [String: Double] { get }

  /// Puts a state back that `state` gave.
  ///
  /// - Throws: `.checkpoint` for a number that is missing or can't be.
  func restore(_ state: [String: Double]) throws(FulcrumError)
}
