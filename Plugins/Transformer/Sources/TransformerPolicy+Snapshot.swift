import FulcrumKernel

/// Holds a policy's trained weights and optimiser in memory: with AdamW three floats for each.
private final class TransformerSnapshot: PolicySnapshot {
  /// The network whose state it is; gone with its policy.
  weak var network: Network?
  let trained: FloatBuffer
  /// The optimiser's state; `nil`: the policy had taken no step yet.
  let optimizer: (moments: [FloatBuffer], stepCount: Int)?

  init(_ network: Network, _ training: Training?) {
    self.network = network
    trained = network.trained.copy()
    optimizer = training.map {
      ($0.optimizer.moments.map { $0.values.copy() }, $0.optimizer.stepCount)
    }
  }
}

/// Sets the state aside and puts it back.
extension TransformerPolicy: SnapshotPolicy {
  /// - Throws: `.usage` without a model.
  package func snapshot() throws(FulcrumError) -> any PolicySnapshot {
    TransformerSnapshot(try ready().network, training)
  }

  /// - Throws: `.usage` for a snapshot of another policy, also of one with the same weights.
  package func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError) {
    let network = try ready().network
    guard let snapshot = snapshot as? TransformerSnapshot, snapshot.network === network else {
      throw FulcrumError(
        .usage, "expected a snapshot of this policy, got another's", at: Self.manual.name)
    }
    discardGradient()
    network.replaceTrained(by: snapshot.trained)
    if let optimizer = snapshot.optimizer {
      // Copies again, so that later steps leave the snapshot alone.
      resume(
        network, moments: optimizer.moments.map { $0.copy() }, stepCount: optimizer.stepCount)
    } else {
      forgetTraining()
    }
  }
}

extension FloatBuffer {
  /// Copies the numbers to memory of their own.
  fileprivate func copy() -> FloatBuffer {
    let copy = FloatBuffer(count: count)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }
}
