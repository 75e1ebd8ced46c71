import Foundation
import JSON

/// Holds the results of a benchmark.
package struct BenchReport: Sendable {
  /// Holds the figures of one kind of work.
  package struct Part: Sendable {
    package let tokens: Int
    /// The least number of floating-point operations of its matrix products; `nil`: the policy
    /// doesn't say.
    package let operations: Double?
    package let seconds: Double
  }

  /// Holds the parts of a training step on the policy's own samples.
  package struct Step: Sendable {
    package let prompts, samples: Int
    /// The mean number of tokens of a completion.
    package let meanLength: Double
    package let samplingSeconds, referenceSeconds, trainingSeconds, optimizerSeconds: Double

    package var seconds: Double {
      samplingSeconds + referenceSeconds + trainingSeconds + optimizerSeconds
    }
  }

  /// Floating-point operations a second; `nil` if the policy doesn't say.
  package let peak: Double?
  /// Forward and backward passes over prompts and completions of full length.
  package let training: Part
  package let prefill: Part
  /// The sampling of tokens after the first of each sample.
  package let decoding: Part
  package let step: Step
  /// An update in two phases beside one in one.
  let phases: PhaseBench.Result
  /// The most memory that the process held, in bytes.
  let peakMemory: Int
}

extension BenchReport {
  package var line: JSONLine {
    var line = JSONLine()
    if let peak { line.add("peak_flops", .number(peak)) }
    for (name, part) in [("training", training), ("prefill", prefill), ("decode", decoding)] {
      line.add(name + "_tokens_per_second", .number(Double(part.tokens) / part.seconds))
      if let operations = part.operations {
        line.add(name + "_flops", .number(operations / part.seconds))
      }
    }
    line.add(
      "step",
      .object(
        JSONLine([
          ("prompts", .number(Double(step.prompts))), ("samples", .number(Double(step.samples))),
          ("mean_length", .number(step.meanLength)), ("seconds", .number(step.seconds)),
          ("sampling_seconds", .number(step.samplingSeconds)),
          ("reference_seconds", .number(step.referenceSeconds)),
          ("training_seconds", .number(step.trainingSeconds)),
          ("optimizer_seconds", .number(step.optimizerSeconds)),
        ])))
    line.add("two_phases_ratio", .number(phases.ratio))
    line.add("unlikely_share", .number(phases.unlikelyShare))
    line.add("peak_memory_bytes", .number(Double(peakMemory)))
    return line
  }

  package func text(summary: String, threads: Int) -> String {
    func rate(_ part: Part) -> String {
      let tokens = String(format: "%.0f tokens/s", Double(part.tokens) / part.seconds)
      guard let operations = part.operations else { return tokens }
      let flops = operations / part.seconds
      return tokens + String(format: ", %.1f GFLOP/s", flops / 1e9)
        + (peak.map { String(format: ", %.0f %% of the peak", 100 * flops / $0) } ?? "")
    }
    func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }
    return """
      policy     \(summary), \(threads) threads
      peak       \(peak.map { String(format: "%.1f GFLOP/s", $0 / 1e9) } ?? "not known")
      training   \(rate(training))
      prefill    \(rate(prefill))
      decoding   \(rate(decoding))
      step       \(seconds(step.seconds)) for \(step.prompts) prompts × \(step.samples) samples \
      of \(String(format: "%.1f", step.meanLength)) tokens
        sampling   \(seconds(step.samplingSeconds))
        reference  \(seconds(step.referenceSeconds))
        training   \(seconds(step.trainingSeconds))
        optimiser  \(seconds(step.optimizerSeconds))
      two phases \(String(format: "%.2f", phases.ratio)) × the training of one; \
      \(String(format: "%.1f %%", 100 * phases.unlikelyShare)) of the tokens below \(PhaseBench.threshold)
      memory     \(peakMemory / (1 << 20)) MiB at most
      """
  }
}
