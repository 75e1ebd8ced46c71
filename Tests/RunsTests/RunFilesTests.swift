import Files
import Foundation
import FulcrumKernel
import JSON
import PolicyTestSupport
import Runs
import Testing
import Training

@Suite struct RunFilesTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString

  @Test func `a directory with a run is not used twice`() throws {
    let directory = try RunDirectory(creating: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SafeFiles.write("steps: 1\n", to: directory.configuration)
    let error = #expect(throws: FulcrumError.self) { try RunDirectory(creating: folder) }
    #expect(error?.code == .usage)
    #expect(error?.description.contains("the directory already holds a run") == true)
    #expect(try RunDirectory(opening: folder).path == folder)
  }

  @Test func `a folder without a run can't be resumed`() throws {
    let error = #expect(throws: FulcrumError.self) { try RunDirectory(opening: folder) }
    #expect(error?.code == .notFound)
  }

  @Test func `checkpoints are complete or not there, and only the newest stay`() throws {
    let directory = try RunDirectory(creating: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let policy = try BigramPolicy()
    for step in [2, 10, 4] {
      var counters = RunCounters()
      counters.step = step
      counters.tokens = 7 * step
      _ = try Checkpoint.write(policy, counters: counters, in: directory, keep: 2)
    }
    // What a crash leaves does not count.
    try SafeFiles.makeFolder(directory.checkpoints + "/.step-12.partial/trainer")
    #expect(try directory.checkpointSteps() == [4, 10])
    let newest = try #require(try CheckpointSearch(directory).found)
    #expect(newest.step == 10 && newest.counters.tokens == 70)
    #expect(FileManager.default.fileExists(atPath: newest.path + "/table"))
  }

  @Test func `a failed write leaves no folder of that name`() throws {
    let path = folder + "/x"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: FulcrumError.self) {
      try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
        try SafeFiles.write("half", to: aside + "/half")
        throw FulcrumError(.inputOutput, "the disk is full")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `rewinding drops the lines of later steps`() throws {
    let directory = try RunDirectory(creating: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for step in 1...3 {
      try SafeFiles.append(Metrics().line(step: step).text, to: directory.metrics)
    }
    try directory.rewind(to: 2)
    #expect(RunDirectory.lines(of: directory.metrics) == [#"{"step": 1}"#, #"{"step": 2}"#])
  }

  @Test func `an evaluation is read back as it was written`() throws {
    let directory = try RunDirectory(creating: folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let evaluation = Evaluation(rows: [
      .init(category: "2 people", correct: 3, count: 4),
      .init(category: "10 people", correct: 0, count: 4),
    ])
    try SafeFiles.append(evaluation.line(step: 0).text, to: directory.evaluations)
    #expect(Evaluation.read(step: 0, from: directory) == evaluation)
    #expect(Evaluation.read(step: 1, from: directory) == nil)
  }
}

@Suite struct StatisticsTests {
  @Test func `Wilson's interval has the published values`() {
    // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
    let interval = Statistics.wilson(successes: 81, count: 263)
    #expect(abs(interval.lowerBound - 0.2553) < 5e-5)
    #expect(abs(interval.upperBound - 0.3662) < 5e-5)
    let none = Statistics.wilson(successes: 0, count: 20)
    #expect(none.lowerBound == 0)
    #expect(abs(none.upperBound - 0.1611) < 5e-5)
    #expect(Statistics.wilson(successes: 0, count: 0) == 0...1)
  }

  @Test func `the deviation is unbiased`() {
    // 1, 3: mean 2, squares 1 + 1 over n - 1 = 1.
    #expect(Statistics.deviation([1, 3]) == 2.0.squareRoot())
    #expect(Statistics.deviation([5]) == 0)
  }
}
