/// A policy's state, set aside in memory.
public protocol PolicySnapshot: AnyObject {}

/// A policy whose state can be set aside and put back.
public protocol SnapshotPolicy: PolicyModel {
  /// The present weights and the optimiser's state.
  func snapshot() throws(FulcrumError) -> any PolicySnapshot

  /// Puts weights and optimiser back to the bit, and clears the accumulated gradient. A snapshot can be
  /// restored any number of times.
  ///
  /// - Throws: `.usage` for a snapshot of another policy.
  func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError)
}
