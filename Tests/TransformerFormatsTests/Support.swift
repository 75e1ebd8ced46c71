import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

/// A folder that goes with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "fulcrum-formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let file = path + "/" + name
    // Removed first: emptying a file that has just been written waits for the disk.
    try? FileManager.default.removeItem(atPath: file)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> String { try write(Array(text.utf8), name) }
}

enum Fixtures {
  private static let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let gguf = tests.appendingPathComponent("Fixtures/gguf").path

  static let tokenizer = tests.appendingPathComponent("Fixtures/tokenizer").path

  /// Data that lies beside the repository on some machines.
  static let sharedModels = tests.deletingLastPathComponent()
    .appendingPathComponent("../shared/data/models").standardized.path

  static func json(_ path: String) throws -> JSONValue {
    try JSONReader.parse(Array(Data(contentsOf: URL(fileURLWithPath: path))), at: path)
  }

  /// The values of a file with one JSON value a line.
  static func jsonLines(_ bytes: Data, at path: String) throws -> [JSONValue] {
    try bytes.split(separator: UInt8(ascii: "\n")).map {
      try JSONReader.parse(Array($0), at: path)
    }
  }
}

/// The error that the body throws, for its sentence.
func fault<Result>(_ body: () throws -> Result) throws -> FulcrumError {
  try #require(throws: FulcrumError.self) { _ = try body() }
}

extension FulcrumError {
  /// Code, location's last path component and message, on one line.
  var line: String {
    let place = location.map { ($0.split(separator: "/").last.map(String.init) ?? "") + ": " } ?? ""
    return "[\(code.rawValue)] " + place + message
  }
}
