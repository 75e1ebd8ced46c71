import Foundation
import FulcrumKernel
import JSON

/// Reads a file of JSON lines.
enum JSONLFile {
  /// Returns the rows in order; blank lines are skipped.
  static func rows(at path: String, keys: JSONLKeys) throws(FulcrumError) -> [JSONLRow] {
    var rows: [JSONLRow] = []
    for line in JSONLines([UInt8](try contents(of: path))) {
      rows.append(try JSONLRow(line, of: path, keys: keys))
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

  private static func contents(of path: String) throws(FulcrumError) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FulcrumError(
        .notFound, "expected a file of JSON lines, got no such file", at: path,
        hint: "relative paths start at the working folder")
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
