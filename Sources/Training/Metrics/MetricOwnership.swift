import FulcrumKernel

/// Holds components to metrics of their own: one under a run's name would be taken for the run's.
enum MetricOwnership {
  private static let names: Set<String> = [
    "step", MetricName.reward, "reward_std", MetricName.groupsWithoutSpread, MetricName.accuracy,
    MetricName.loss, MetricName.gradientNorm, "optimizer_steps", "optimizer_steps_skipped",
    "gradient_clipped_ratio", "learning_rate", MetricName.entropy, "num_tokens",
    MetricName.stepTime, MetricName.tokensPerSecond,
  ]
  private static let beginnings = [
    "completions/", "direction/", "evaluation/", "outcomes/", "phases/", "probability/", "rewards/",
    "sampling/", "time/",
  ]

  /// - Parameter owner: the component that reports, for messages: `objective grpo`.
  /// - Throws: `.pluginFault` for a name that is the run's, or that is no name.
  static func check(_ sums: MetricSums, of owner: String) throws(FulcrumError) {
    for name in sums.entries.keys.sorted() {
      guard !names.contains(name), !beginnings.contains(where: name.hasPrefix) else {
        throw FulcrumError(
          .pluginFault,
          "expected metrics of the component's own, got '\(name)', which is the run's",
          at: owner, hint: "put the component's name before it: my-idea/\(name)")
      }
      guard !name.isEmpty, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
      else {
        throw FulcrumError(
          .pluginFault, "expected a metric's name on one line, got '\(name)'", at: owner)
      }
    }
  }
}
