import Foundation
import FulcrumKernel

/// Reads a file of JSON lines.
enum JSONLFile {
  /// The rows in order; blank lines are skipped.
  static func rows(at path: String, keys: JSONLKeys) throws(FulcrumError) -> [JSONLRow] {
    var rows: [JSONLRow] = []
    var lines = try contents(of: path).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // A byte-order mark is no part of the first line.
    if let first = lines.first, first.starts(with: [0xEF, 0xBB, 0xBF]) {
      lines[0] = first.dropFirst(3)
    }
    for (index, line) in lines.enumerated() where !line.allSatisfy(Self.isSpace) {
      // A copy, since JSON readers differ on slices whose indices don't start at 0.
      rows.append(try JSONLRow(Data(line), keys: keys, at: "\(path):\(index + 1)"))
    }
    guard !rows.isEmpty else {
      throw FulcrumError(.data, "expected at least one line with a JSON object, got none", at: path)
    }
    return rows
  }

  /// Checks that no held-out prompt is a training prompt.
  static func requireDisjoint(training: [JSONLRow], heldOut: [JSONLRow]) throws(FulcrumError) {
    let locations = Dictionary(
      training.map { ($0.prompt, $0.location) }, uniquingKeysWith: { first, _ in first })
    for row in heldOut {
      guard let location = locations[row.prompt] else { continue }
      throw FulcrumError(
        .data, "expected held-out prompts apart from training, got the one of \(location) again",
        at: row.location, hint: "remove it from one of the files")
    }
  }

  /// JSON's own white space.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private static func contents(of path: String) throws(FulcrumError) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FulcrumError(
        .notFound, "expected a file of JSON lines, got no such file", at: path,
        hint: "relative paths start at the folder where the command runs")
    }
    guard !isFolder.boolValue else {
      throw FulcrumError(.inputOutput, "expected a file of JSON lines, got a folder", at: path)
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FulcrumError(.inputOutput, "expected a readable file, got a refusal", at: path)
    }
    // The first two bytes of every gzip file.
    guard !data.starts(with: [0x1F, 0x8B]) else {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got a gzip file", at: path,
        hint: "gunzip it: gunzip --keep \(path)")
    }
    return data
  }
}
