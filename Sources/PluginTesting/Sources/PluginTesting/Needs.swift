import FulcrumKernel

extension Subject {
  /// Whether a host can compute what a component declares.
  ///
  /// - Parameter isObjective: whether it may ask what the policy says now.
  func requireOffered(_ needs: Set<Column>, isObjective: Bool = false) throws(FulcrumError) {
    for column in needs.sorted(by: { $0.name < $1.name }) {
      guard column.isValid else {
        throw fault(
          "expected columns that there are, got '\(column.name)' in 'needs'",
          hint: column.policy == .rollout
            ? "the sampler records log-probabilities alone"
            : "a threshold is in 0...1, and at least one token is asked for")
      }
      guard isObjective || column.policy != .current else {
        throw fault(
          "expected columns of the batch, got '\(column.name)' in 'needs'",
          hint: "what the policy says now is for objectives alone; ask for the old policy's")
      }
    }
  }

  /// Whether metrics are finite and have names.
  func requireFinite(_ metrics: MetricSums, of sample: String) throws(FulcrumError) {
    for (name, entry) in metrics.entries.sorted(by: { $0.key < $1.key }) {
      guard !name.isEmpty else { throw fault("expected a metric's name, got '' of \(sample)") }
      guard entry.sum.isFinite else {
        throw fault("expected a finite metric '\(name)' of \(sample), got a sum of \(entry.sum)")
      }
    }
  }
}

extension Trace {
  mutating func add(_ metrics: MetricSums, of sample: String) {
    for (name, entry) in metrics.entries.sorted(by: { $0.key < $1.key }) {
      add("metric '\(name)' of \(sample)", [entry.sum, entry.count])
    }
  }
}
