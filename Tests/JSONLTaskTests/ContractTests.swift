import Foundation
import FulcrumKernel
import JSONLTaskPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test func `the contract is kept`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "jsonl-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String, _ numbers: Range<Int>) throws -> ParameterValue {
      let lines = numbers.map {
        #"{"prompt": "\#($0) + 1?", "answer": \#($0 + 1), "kind": "\#($0 % 2)"}"#
      }
      let url = folder.appending(path: name)
      try Data(lines.joined(separator: "\n").utf8).write(to: url)
      return .text(url.path)
    }
    // In the order of the file no category stands together.
    let parameters: [String: ParameterValue] = [
      "category-key": .text("kind"),
      "train": try file("train.jsonl", 0..<50),
      "held-out": try file("held-out.jsonl", 50..<60),
    ]
    for check in PluginContract.checks(for: JSONLTask.self, parameters) {
      #expect(throws: Never.self, "\(check)") { try check.run() }
    }
  }
}
