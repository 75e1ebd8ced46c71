import Foundation
import FulcrumKernel
import JSONLTaskPlugin
import Testing

/// A file that is gone when the test has ended.
final class TemporaryFile {
  let path: String

  init(_ contents: Data) throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("jsonl-\(UUID().uuidString).jsonl").path
    try contents.write(to: URL(fileURLWithPath: path))
  }

  convenience init(_ lines: String...) throws {
    try self.init(Data(lines.joined(separator: "\n").utf8))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

func make(_ given: [String: ParameterValue]) throws -> JSONLTask {
  let parameters = try Parameters(given, for: JSONLTask.manual.parameters, at: "task")
  return try JSONLTask(parameters, context: ComponentContext())
}

func task(
  _ file: TemporaryFile, _ given: [String: ParameterValue] = [:]
) throws -> JSONLTask {
  try make(given.merging(["train": .text(file.path)]) { own, _ in own })
}

/// Returns the error of a damaged file, with `FILE` for its path.
func failure(_ file: TemporaryFile, _ given: [String: ParameterValue] = [:]) -> String? {
  let error = #expect(throws: FulcrumError.self) { try task(file, given) }
  return error?.description.replacingOccurrences(of: file.path, with: "FILE")
}
