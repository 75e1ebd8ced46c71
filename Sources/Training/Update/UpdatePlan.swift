import FulcrumKernel

/// Lists the optimiser steps of one training step in order, each a phase and a mini-batch.
package struct UpdatePlan: Sendable {
  package let phases: [UpdatePhase]
  package let nesting: PhaseNesting
  /// μ: the number of passes over the whole, with the same advantages and old log-probabilities.
  package let iterations: Int

  package init(
    phases: [UpdatePhase] = [UpdatePhase(name: "all")], nesting: PhaseNesting = .phaseByPhase,
    iterations: Int = 1
  ) {
    self.phases = phases
    self.nesting = nesting
    self.iterations = iterations
  }

  /// Returns the phase and the mini-batch of each optimiser step, as indices.
  package func steps(minibatches: Int) -> [(phase: Int, minibatch: Int)] {
    let once: [(phase: Int, minibatch: Int)] =
      switch nesting {
      case .minibatchByMinibatch:
        (0..<minibatches).flatMap { minibatch in phases.indices.map { ($0, minibatch) } }
      default:
        phases.indices.flatMap { phase in (0..<minibatches).map { (phase, $0) } }
      }
    return (0..<iterations).flatMap { _ in once }
  }
}
