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
      training.map { ($0.question, $0.location) }, uniquingKeysWith: { first, _ in first })
    for row in heldOut {
      guard let location = locations[row.question] else { continue }
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
    if let other = OtherFormat.allCases.first(where: { data.starts(with: $0.beginning) }) {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got \(other.phrase)", at: path,
        hint: other.remedy(path))
    }
    return data
  }
}

/// A form of file that is taken for JSON lines by mistake, known by its first bytes.
private enum OtherFormat: CaseIterable {
  case gzip
  case zstandard
  case xz
  case bzip2
  case parquet

  var beginning: [UInt8] {
    switch self {
    case .gzip: [0x1F, 0x8B]
    case .zstandard: [0x28, 0xB5, 0x2F, 0xFD]
    case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
    case .bzip2: Array("BZh".utf8)
    case .parquet: Array("PAR1".utf8)
    }
  }

  var phrase: String {
    switch self {
    case .gzip: "a gzip file"
    case .zstandard: "a Zstandard file"
    case .xz: "an xz file"
    case .bzip2: "a bzip2 file"
    case .parquet: "a Parquet file"
    }
  }

  func remedy(_ path: String) -> String {
    switch self {
    case .gzip: "gunzip it: gunzip --keep \(path)"
    case .zstandard: "unpack it: zstd --decompress --keep \(path)"
    case .xz: "unpack it: xz --decompress --keep \(path)"
    case .bzip2: "unpack it: bzip2 --decompress --keep \(path)"
    case .parquet: "the task 'parquet' reads it: task: {use: parquet, train: [\(path)]}"
    }
  }
}
