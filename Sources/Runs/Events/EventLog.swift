import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import SwiftProtobuf
import TensorBoardEvents
import Training

/// Writes a run's events for TensorBoard: `tensorboard/events.out.tfevents.fulcrum`.
///
/// A step is appended whole or not at all. Its records hold the metrics that configuration and seed
/// decide, with histograms; then the metrics of the clock; then samples. Wall time is the first
/// field of each. All else is the same for every run of one configuration.
package final class EventLog {
  private let path: String
  private let folder: String
  private let samples: EventSamples
  private let wallTime: () -> Double
  private var isEmpty: Bool
  /// The steps after which an evaluation is in the file.
  private var evaluated: Set<Int> = []

  /// - Parameters:
  ///   - settings: the configuration's `logging`.
  ///   - wallTime: seconds since 1970.
  /// - Returns: `nil` if the configuration asks for no events.
  package init?(
    _ settings: LoggingSettings, directory: RunDirectory,
    wallTime: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) {
    guard settings.writesEvents else { return nil }
    path = directory.events
    folder = directory.tensorboard
    samples = EventSamples(count: settings.samples, every: settings.samplesEvery)
    self.wallTime = wallTime
    let events = Self.events(in: path)
    isEmpty = events.isEmpty
    for (event, _) in events where Self.isEvaluation(event) { evaluated.insert(Int(event.step)) }
  }

  private static func isEvaluation(_ event: Event) -> Bool {
    event.summary.value.first?.tag.hasPrefix(Evaluation.tagPrefix) == true
  }

  /// Writes a step's metrics, distributions and, in the steps that have them, samples.
  ///
  /// - Parameters:
  ///   - advantages: the advantages of the tokens that the update is on.
  ///   - pulls: the histogram `UpdateReport.pulls`.
  package func write(
    _ metrics: Metrics, _ collected: CollectedRollout, advantages: [Float], pulls: ValueHistogram,
    step: Int
  ) throws(FulcrumError) {
    var values: [Summary.Value] = []
    var clock: [Summary.Value] = []
    for (name, value) in metrics.entries {
      if Metrics.isOfClock(name) {
        clock.append(.scalar(name, value))
      } else {
        values.append(.scalar(name, value))
      }
    }
    var probabilities = ValueHistogram(from: 0, width: 0.05, buckets: 20)
    for value in collected.rollout.logProbabilities { probabilities.add(Double(exp(value))) }
    let histograms = [
      ("tokens/probability", probabilities),
      ("tokens/advantage", ValueHistogram(of: advantages, buckets: 30)),
      ("tokens/log10_pull", pulls),
    ]
    for (name, histogram) in histograms where histogram.count > 0 {
      values.append(.histogram(name, histogram))
    }
    let text = samples.text(collected, step: step).map { [Summary.Value.text("samples", $0)] }
    try append([values, clock, text ?? []], step: step)
  }

  /// Writes held-out accuracy by category; nothing if that step's is in the file already.
  package func write(_ evaluation: Evaluation, step: Int) throws(FulcrumError) {
    guard !evaluation.rows.isEmpty, !evaluated.contains(step) else { return }
    let values = evaluation.scalars.map { Summary.Value.scalar($0.tag, $0.mean) }
    try append([values], step: step)
    evaluated.insert(step)
  }

  /// Appends a record for each summary that holds a value.
  private func append(_ summaries: [[Summary.Value]], step: Int) throws(FulcrumError) {
    var events: [Event] = []
    if isEmpty { events.append(Event.with { $0.fileVersion = "brain.Event:2" }) }
    for values in summaries where !values.isEmpty {
      events.append(
        Event.with {
          $0.step = Int64(step)
          $0.summary.value = values
        })
    }
    var bytes = Data()
    let time = wallTime()
    for var event in events {
      event.wallTime = time
      do {
        bytes += RecordFile.frame(try event.serializedData())
      } catch {
        throw FulcrumError(.inputOutput, "could not encode an event: \(error)", at: path)
      }
    }
    try SafeFiles.makeFolder(folder)
    try SafeFiles.append(bytes, to: path)
    isEmpty = false
  }
}

extension EventLog {
  /// Returns the events that a file begins with, up to a torn one, and the file's length after
  /// each.
  private static func events(in path: String) -> [(event: Event, end: Int)] {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    else { return [] }
    var events: [(Event, Int)] = []
    for record in RecordFile.records(in: data) {
      guard let event = try? Event(serializedBytes: record.data) else { break }
      events.append((event, record.end))
    }
    return events
  }

  /// Cuts off the events after a step, and a torn end.
  ///
  /// The steps that follow are made again to the same length: a TensorBoard that watches the file
  /// meanwhile goes on reading where it was.
  ///
  /// - Parameter keepsEvaluation: whether the evaluation after that step stays.
  static func rewind(_ path: String, to step: Int, keepsEvaluation: Bool) throws(FulcrumError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let end =
      events(in: path).prefix { event, _ in
        event.step < step || event.step == step && (keepsEvaluation || !isEvaluation(event))
      }.last?.end ?? 0
    try SafeFiles.cut(path, to: end)
  }
}

extension Metrics {
  /// Tells whether a metric depends on the clock, rather than on configuration and seed alone.
  static func isOfClock(_ name: String) -> Bool {
    name == MetricName.stepTime || name == MetricName.tokensPerSecond
      || name.hasPrefix("time/")
  }
}
