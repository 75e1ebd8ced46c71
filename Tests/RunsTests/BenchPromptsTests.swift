import Foundation
import FulcrumKernel
import Runs
import Testing

@Suite struct BenchPromptsTests {
  private func read(_ text: String) throws -> BenchPrompts {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("fulcrum-prompts-\(UUID().uuidString)").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      return try BenchPrompts(file: path)
    } catch let error {
      var relative = error
      relative.location = error.location?.replacingOccurrences(of: path, with: "FILE")
      throw relative
    }
  }

  @Test func `each line that is not empty holds a prompt`() throws {
    guard case .texts(let texts) = try read(#"{"prompt": "a"}"# + "\n\n" + #"{"prompt": "b\n"}"#)
    else {
      Issue.record("a file gives texts")
      return
    }
    #expect(texts == ["a", "b\n"])
  }

  @Test(arguments: [#"{"text": "b"}"#, #"{"prompt": ""}"#, #"{"prompt": 1}"#, "b"])
  func `a wrong line is named by its number in the file`(_ line: String) {
    let error = #expect(throws: FulcrumError.self) {
      try read(#"{"prompt": "a"}"# + "\n\n" + line)
    }
    #expect(error?.location == "FILE:3")
    #expect(error?.message == #"expected a JSON object with a text under "prompt""#)
  }

  @Test func `a file without prompts is refused`() {
    let error = #expect(throws: FulcrumError.self) { try read("\n") }
    #expect(error?.message == "expected at least one prompt, got an empty file")
    #expect(throws: FulcrumError(.notFound, "no readable file here", at: "/nowhere")) {
      try BenchPrompts(file: "/nowhere")
    }
  }
}
