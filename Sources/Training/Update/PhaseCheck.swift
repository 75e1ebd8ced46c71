import FulcrumKernel

/// Asks a scheduler for the phases of a step and checks them against its contract.
package enum PhaseCheck {
  /// - Throws: what the scheduler throws; `.pluginFault` for a mask of another length, or a token
  ///   that takes part in more or fewer phases than the scheduler declares.
  package static func phases(
    of scheduler: Named<any UpdateScheduler>, for batch: RolloutBatch, advantages: [Float],
    metrics: inout MetricSums
  ) throws(FulcrumError) -> [UpdatePhase] {
    let phases = try scheduler.call { (component) throws(FulcrumError) in
      if let reporting = component as? any ReportingScheduler {
        try reporting.phases(for: batch, advantages: advantages.span, metrics: &metrics)
      } else {
        try component.phases(for: batch, advantages: advantages.span)
      }
    }
    try MetricOwnership.check(metrics, of: scheduler.place)
    for (index, phase) in phases.enumerated()
    where phases.firstIndex(where: { $0.name == phase.name }) != index {
      throw scheduler.fault(
        "expected phases of different names, got '\(phase.name)' twice",
        hint: "a phase's metrics stand under its name")
    }
    let tokens = batch.sequences.tokenCount
    var taken = [Int](repeating: 0, count: tokens)
    for phase in phases {
      guard let mask = phase.participates else {
        for token in taken.indices { taken[token] += 1 }
        continue
      }
      guard mask.count == tokens else {
        throw scheduler.fault(
          "expected a mask of \(tokens) tokens, got \(mask.count) in phase '\(phase.name)'")
      }
      for token in taken.indices where mask[token] { taken[token] += 1 }
    }
    let passes = scheduler.component.passes
    guard passes > 0, !phases.isEmpty else {
      throw scheduler.fault(
        "expected at least one phase, got \(phases.count) and passes of \(passes)")
    }
    if let token = taken.firstIndex(where: { $0 != passes }) {
      let names = phases.filter { $0.participates?[token] ?? true }.map { "'\($0.name)'" }
      throw scheduler.fault(
        "expected every token in \(passes) of the phases, got token \(token) in \(taken[token])"
          + (names.isEmpty ? "" : ": " + names.joined(separator: ", ")),
        hint: "phases must neither lose nor repeat tokens; to leave some out, give them advantage"
          + " zero by a transform")
    }
    return phases
  }
}
