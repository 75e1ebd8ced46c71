import Foundation
import TensorBoardEvents
import Testing

/// A small run with a checkpoint after each step, for tests of what can go wrong with it.
final class FaultRun {
  let folder: CommandLine.Folder
  let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
  }

  /// A run that nothing disturbs.
  func whole(_ name: String, _ overrides: String...) throws -> String {
    let output = folder.path + "/" + name
    let result = try CommandLine().run(arguments(output, overrides))
    try #require(result.status == 0, "\(result.errors)")
    return output
  }

  func arguments(_ output: String, _ overrides: [String]) -> [String] {
    ["train", config, "--set", "output=\(output)"] + overrides.flatMap { ["--set", $0] }
  }

  /// A copy as it was after a step, with the lines that the run wrote after it.
  func copy(_ run: String, without checkpoints: [Int]) throws -> String {
    let copy = folder.path + "/" + UUID().uuidString
    try FileManager.default.copyItem(atPath: run, toPath: copy)
    for step in checkpoints {
      try FileManager.default.removeItem(atPath: copy + "/checkpoints/step-\(step)")
    }
    return copy
  }

  /// A run in the background, with its output in a file.
  func start(_ arguments: [String]) throws -> (process: Process, log: String) {
    let log = folder.path + "/" + UUID().uuidString
    try #require(FileManager.default.createFile(atPath: log, contents: nil))
    let process = CommandLine().process(arguments)
    // Swift's own handler would swallow a fault's signal that a test sends.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardOutput = FileHandle(forWritingAtPath: log)
    process.standardError = process.standardOutput
    try process.run()
    return (process, log)
  }

  /// The process that does the work of a started one, which only watches it.
  static func worker(of process: Process) throws -> pid_t {
    let id = process.processIdentifier
    let children = try String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
    return try #require(children.split(separator: " ").first.flatMap { pid_t($0) })
  }

  /// Waits until a file contains a text, at most a minute.
  static func wait(for text: String, in file: String) throws {
    for _ in 0..<60_000 {
      if let found = try? String(contentsOfFile: file, encoding: .utf8), found.contains(text) {
        return
      }
      usleep(1000)
    }
    Issue.record("\(file) never contained '\(text)'")
    throw CancellationError()
  }

  /// Everything but the clock is equal, to the bit.
  static func expectEqual(_ one: String, _ other: String, checkpoint step: Int) throws {
    #expect(try SmallRun.metrics(of: one) == SmallRun.metrics(of: other))
    for folder in ["samples", "checkpoints/step-\(step)"] {
      let names = try [one, other].map { run in
        try FileManager.default.subpathsOfDirectory(atPath: run + "/" + folder).sorted()
      }
      #expect(names[0] == names[1] && !names[0].isEmpty)
      for name in names[0] {
        let path = "/\(folder)/\(name)"
        #expect(
          FileManager.default.contents(atPath: one + path)
            == FileManager.default.contents(atPath: other + path), "\(path)")
      }
    }
    let evaluations = try [one, other].map {
      try String(contentsOfFile: $0 + "/evaluations.jsonl", encoding: .utf8)
    }
    #expect(evaluations[0] == evaluations[1])
    #expect(try events(of: one) == events(of: other))
  }

  /// TensorBoard's records, without wall time and without those of the clock.
  private static func events(of run: String) throws -> [Data] {
    let path = run + "/tensorboard/events.out.tfevents.fulcrum"
    let records = RecordFile.records(in: try Data(contentsOf: URL(fileURLWithPath: path)))
    try #require(!records.isEmpty)
    return records.map(\.data).filter { $0.range(of: Data("step_time".utf8)) == nil }.map { data in
      // Wall time is the first field: a tag and eight bytes.
      #expect(data.first == 0x09)
      return Data(data.dropFirst(9))
    }
  }
}
