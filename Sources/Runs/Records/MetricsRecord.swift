import JSON
import Training

/// Holds a line of `metrics.jsonl`: a step's metrics, in their order.
package struct MetricsRecord: Codable, Sendable {
  package let step: Int
  /// The metrics, by name. Values that JSON has no number for are NaN when they are read back. The
  /// order is lost then.
  package let metrics: Metrics

  package init(step: Int, metrics: Metrics) {
    self.step = step
    self.metrics = metrics
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NamedKey.self)
    step = try container.decode(Int.self, forKey: .step)
    var entries: [(name: String, value: Double)] = []
    for key in container.allKeys where key.stringValue != NamedKey.step.stringValue {
      let value = try container.decode(NaNAsNull<Double>.self, forKey: key).wrappedValue
      entries.append((key.stringValue, value))
    }
    metrics = Metrics(entries)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NamedKey.self)
    try container.encode(step, forKey: .step)
    for entry in metrics.entries {
      try container.encode(NaNAsNull(wrappedValue: entry.value), forKey: NamedKey(entry.name))
    }
  }
}

extension Metrics {
  /// Returns a line of `metrics.jsonl`.
  package func line(step: Int) -> JSONLine { JSONLine(MetricsRecord(step: step, metrics: self)) }
}
