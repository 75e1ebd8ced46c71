import Files
import FulcrumKernel
import JSON
import Settings
import Training
import YAML

/// Tells trackers of a run: its configuration, then each step's metrics and samples, evaluations, its
/// end. Python/adaptors/README.md has the lines.
///
/// It passes on what the observer is told, and reads evaluations and samples from the run's files, so
/// that a tracker sees what the files have.
final class TrackerFeed: RunObserver {
  private let observer: any RunObserver
  private let directory: RunDirectory
  private let trackers: [Tracker]
  /// The evaluations that were told.
  private var evaluations = 0

  /// Starts the programs. One that can't be started is told of, and left out. Fails if there are none to
  /// start: then nothing is read for them.
  ///
  /// - Parameter observer: is told what this is told.
  init?(
    _ commands: [TrackerCommand], _ directory: RunDirectory, observer: any RunObserver
  ) {
    guard !commands.isEmpty else { return nil }
    self.observer = observer
    self.directory = directory
    let tree = try? ConfigurationTree(file: directory.configuration)
    let run = [
      JSONMember("type", .string("run")),
      JSONMember("name", .string(FileSystem.fileName(of: directory.path))),
      JSONMember("directory", .string(directory.path)),
      JSONMember("configuration", tree.map { .object(JSONMember.of($0.root)) } ?? .null),
    ]
    trackers = commands.compactMap { command in
      do throws(FulcrumError) {
        let tracker = try Tracker(command.name, command: command.command)
        tracker.tell(
          JSONWriter.compact(.object(run + [JSONMember("options", .object(command.options))])))
        return tracker
      } catch {
        observer.note("tracker \(command.name): \(error); the run goes on without it")
        return nil
      }
    }
  }

  func runBegins() { observer.runBegins() }

  func note(_ text: String) { observer.note(text) }

  func evaluated(_ done: Int, of items: Int) { observer.evaluated(done, of: items) }

  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double) {
    observer.stepEnded(step, of: steps, metrics: metrics, secondsLeft: secondsLeft)
    tellEvaluations()
    tell("metrics", step: step, "metrics", metrics.line(step: step).text)
    let samples = RunDirectory.lines(of: directory.samples + "/step-\(step).jsonl")
    if !samples.isEmpty {
      tell("samples", step: step, "samples", "[" + samples.joined(separator: ",") + "]")
    }
  }

  /// Tells how the run ended, and lets the programs go.
  func end(_ status: String) {
    tellEvaluations()
    for tracker in trackers { tracker.tell(#"{"type":"end","status":"\#(status)"}"#) }
    for tracker in trackers { tracker.finish() }
  }

  private func tellEvaluations() {
    let lines = RunDirectory.lines(of: directory.evaluations)
    for line in lines.dropFirst(evaluations) {
      guard let record = try? JSONRecord.decode(EvaluationRecord.self, from: Array(line.utf8))
      else { continue }
      let metrics = record.evaluation.scalars.map { tag, mean in
        JSONMember(tag, mean.isFinite ? .number(mean) : .null)
      }
      tell("evaluation", step: record.step, "metrics", JSONWriter.compact(.object(metrics)))
    }
    evaluations = lines.count
  }

  /// - Parameter content: JSON on one line.
  private func tell(_ type: String, step: Int, _ key: String, _ content: String) {
    for tracker in trackers {
      tracker.tell(#"{"type":"\#(type)","step":\#(step),"\#(key)":\#(content)}"#)
    }
  }
}

extension JSONMember {
  /// The keys of a section, in the order of their names.
  fileprivate static func of(_ section: [String: ConfigurationTree.Node]) -> [JSONMember] {
    section.sorted { $0.key < $1.key }.map { JSONMember($0.key, value($0.value)) }
  }

  private static func value(_ node: ConfigurationTree.Node) -> JSONValue {
    switch node {
    case .value(let value): value.json
    case .list(let elements): .array(elements.map(value))
    case .section(let entries): .object(of(entries))
    }
  }
}
