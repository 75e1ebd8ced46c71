import FulcrumKernel

/// The optimiser steps of one training step, in order: which phase, which mini-batch.
package struct UpdatePlan: Sendable {
  package let phases: [UpdatePhase]
  package let nesting: PhaseNesting
  /// μ: how often the whole is gone through, with the same advantages and old log-probabilities.
  package let iterations: Int

  package init(
    phases: [UpdatePhase] = [UpdatePhase(name: "all")], nesting: PhaseNesting = .phaseByPhase,
    iterations: Int = 1
  ) {
    self.phases = phases
    self.nesting = nesting
    self.iterations = iterations
  }

  /// Indices of phase and mini-batch.
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

/// Asks a scheduler for the phases of a step and holds it to its contract.
package enum PhaseCheck {
  /// - Throws: what the scheduler throws; `.pluginFault` for a mask of another length, or a token
  ///   that takes part in more or fewer phases than the scheduler says.
  package static func phases(
    of scheduler: Named<any UpdateScheduler>, for batch: RolloutBatch, advantages: [Float]
  ) throws(FulcrumError) -> [UpdatePhase] {
    let place = "schedule \(scheduler.name)"
    let phases: [UpdatePhase]
    StageMark.enter(place)
    defer { StageMark.leave() }
    do {
      phases = try scheduler.component.phases(for: batch, advantages: advantages.span)
    } catch {
      throw error.within(place)
    }
    let tokens = batch.sequences.tokenCount
    var taken = [Int](repeating: 0, count: tokens)
    for phase in phases {
      guard let mask = phase.participates else {
        for token in taken.indices { taken[token] += 1 }
        continue
      }
      guard mask.count == tokens else {
        throw FulcrumError(
          .pluginFault,
          "expected a mask of \(tokens) tokens, got \(mask.count) in phase '\(phase.name)'",
          at: place)
      }
      for token in taken.indices where mask[token] { taken[token] += 1 }
    }
    let passes = scheduler.component.passes
    guard passes > 0, !phases.isEmpty else {
      throw FulcrumError(
        .pluginFault, "expected at least one phase, got \(phases.count) and passes of \(passes)",
        at: place)
    }
    if let token = taken.firstIndex(where: { $0 != passes }) {
      let names = phases.filter { $0.participates?[token] ?? true }.map { "'\($0.name)'" }
      throw FulcrumError(
        .pluginFault,
        "expected every token in \(passes) of the phases, got token \(token) in \(taken[token])"
          + (names.isEmpty ? "" : ": " + names.joined(separator: ", ")), at: place,
        hint: "phases must neither lose nor repeat tokens; to leave some out, give them advantage"
          + " zero by a transform")
    }
    return phases
  }
}
