import FulcrumKernel

/// Whether a component that carries numbers from step to step goes on from a checkpoint as it would
/// have gone on without.
extension Subject {
  /// - Parameters:
  ///   - needs: the columns that an instance declares.
  ///   - probe: calls everything that the protocol offers.
  func stateCheck(
    needs: @escaping @Sendable (Instance) -> Set<Column>, probe: @escaping Probe<Instance>
  ) -> ContractCheck {
    ContractCheck("a component that gets its state back goes on to the same bits") {
      () throws(FulcrumError) in
      let instance = try make()
      guard let stateful = instance as? any StatefulComponent else { return }
      for sample in [NamedBatch.ragged, .twoMinibatches, .random(6)] {
        try stateful.begin(sample.batch.keeping(needs(instance)))
        let before = try state(of: stateful)
        let trace = try trace(of: instance, probe)
        try requireSame(before, try state(of: stateful), "before and after its other calls")
        let other = try make()
        guard let copy = other as? any StatefulComponent else { return }
        try copy.restore(before)
        try requireSame(
          before, try state(of: copy), "in a component and in one that it was given to")
        try requireSame(
          trace, try self.trace(of: other, probe),
          "from a component and from one that its state was given to")
      }
    }
  }

  private func state(of component: any StatefulComponent) throws(FulcrumError) -> [String: Double] {
    let state = component.state
    for (name, value) in state where !value.isFinite {
      throw fault("expected a finite state, got \(value) for '\(name)'")
    }
    return state
  }

  private func requireSame(
    _ one: [String: Double], _ other: [String: Double], _ occasions: String
  ) throws(FulcrumError) {
    guard one != other else { return }
    throw fault(
      "expected the same state \(occasions), got \(one) and \(other)",
      hint: "only 'begin' may change the state, and 'restore' must take all of it")
  }
}
