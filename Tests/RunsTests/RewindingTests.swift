import Files
import Foundation
import FulcrumKernel
import Runs
import Testing

@Suite final class RewindingTests {
  private let directory: RunDirectory
  private let files = FileManager.default

  init() throws {
    directory = try RunDirectory(
      creating: NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString)
  }

  deinit { try? files.removeItem(atPath: directory.path) }

  private func rewound(_ text: String, to step: Int) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.metrics))
    try directory.rewind(to: step)
    return try String(contentsOfFile: directory.metrics, encoding: .utf8)
  }

  @Test func `a log cut at any byte rewinds to the whole lines of its steps`() throws {
    let lines = (1...3).map { "{\"step\": \($0), \"loss\": 0.5}\n" }
    let whole = Array(lines.joined().utf8)
    for length in 0...whole.count {
      let cut = String(decoding: whole.prefix(length), as: UTF8.self)
      // A line whose break alone is missing is whole.
      let count = lines.indices.count { lines[...$0].joined().utf8.count - 1 <= length }
      #expect(try rewound(cut, to: 3) == lines.prefix(count).joined(), "\(length) bytes")
      #expect(try rewound(cut, to: 1) == lines.prefix(min(1, count)).joined(), "\(length) bytes")
    }
  }

  @Test func `the evaluation after the last step goes if it is asked for`() throws {
    let lines = [0, 2, 3].map { "{\"step\": \($0)}\n" }
    func rewound(_ keepsEvaluation: Bool) throws -> String {
      for file in [directory.metrics, directory.evaluations] {
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: file))
      }
      try directory.rewind(to: 2, keepsEvaluation: keepsEvaluation)
      #expect(
        try String(contentsOfFile: directory.metrics, encoding: .utf8) == lines[...1].joined())
      return try String(contentsOfFile: directory.evaluations, encoding: .utf8)
    }
    /// What is left of the items' completions.
    func samples(_ keepsEvaluation: Bool) throws -> [String] {
      let folder = directory.evaluationSamples
      try SafeFiles.makeFolder(folder)
      for name in ["step-0.jsonl", "step-2.jsonl", "step-3.jsonl", "step-2.jsonl.partial"] {
        try SafeFiles.write("", to: folder + "/" + name)
      }
      try directory.rewind(to: 2, keepsEvaluation: keepsEvaluation)
      return try files.contentsOfDirectory(atPath: folder).sorted()
    }
    #expect(try samples(true) == ["step-0.jsonl", "step-2.jsonl"])
    #expect(try samples(false) == ["step-0.jsonl"])
    #expect(try rewound(true) == lines[...1].joined())
    #expect(try rewound(false) == lines[0])
  }

  @Test func `a line that others follow is left as it is`() throws {
    let text = "{\"step\": 1}\nnot JSON\n{\"step\": 2}\n{\"step\": 3}\nnot JSON\n"
    #expect(try rewound(text, to: 2) == "{\"step\": 1}\nnot JSON\n{\"step\": 2}\n")
  }

  @Test func `a log that was never begun is empty`() throws {
    try directory.rewind(to: 0)
    #expect(files.contents(atPath: directory.metrics) == Data())
    #expect(files.contents(atPath: directory.evaluations) == Data())
  }

  @Test func `samples and rollouts of later steps go, faults and other files stay`() throws {
    try SafeFiles.makeFolder(directory.rollouts)
    try SafeFiles.makeFolder(directory.faults)
    for folder in [directory.samples, directory.rollouts, directory.faults] {
      for name in ["step-2.jsonl", "step-3.jsonl", "step-10.jsonl", "step-x.jsonl", "step-9.txt"] {
        try SafeFiles.write("", to: folder + "/" + name)
      }
    }
    try directory.rewind(to: 2)
    for folder in [directory.samples, directory.rollouts] {
      #expect(
        try files.contentsOfDirectory(atPath: folder).sorted()
          == ["step-2.jsonl", "step-9.txt", "step-x.jsonl"])
    }
    #expect(try files.contentsOfDirectory(atPath: directory.faults).count == 5)
  }

  @Test func `unfinished files and folders go`() throws {
    try SafeFiles.makeFolder(directory.checkpoints + "/.step-3.partial/trainer")
    try SafeFiles.makeFolder(directory.checkpoints + "/step-2")
    for file in [directory.metrics, directory.samples + "/step-1.jsonl"] {
      try Data().write(to: URL(fileURLWithPath: file + ".partial"))
    }
    try directory.rewind(to: 2)
    #expect(try files.contentsOfDirectory(atPath: directory.checkpoints) == ["step-2"])
    #expect(try files.contentsOfDirectory(atPath: directory.samples).isEmpty)
    #expect(!files.fileExists(atPath: directory.metrics + ".partial"))
  }

  @Test func `all but the newest checkpoints are pruned, by number`() throws {
    for name in ["step-2", "step-10", "step-9", "step-9.damaged", "step-007"] {
      try SafeFiles.makeFolder(directory.checkpoints + "/" + name)
    }
    try directory.prune(keep: 2)
    #expect(
      try files.contentsOfDirectory(atPath: directory.checkpoints).sorted()
        == ["step-007", "step-10", "step-9", "step-9.damaged"])
  }
}
