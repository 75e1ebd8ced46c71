import Digests
import Files
import Foundation
import FulcrumKernel
import PluginHost

/// Writes and checks the SHA-256 of every file of a checkpoint, in the format of `sha256sum`: in
/// the checkpoint's folder `sha256sum -c trainer/checksums` checks them too.
package enum Checksums {
  /// The path of the list in the folder.
  package static let name = "trainer/checksums"

  /// Writes the checksums of all files that the folder has.
  ///
  /// - Parameter last: the file of the last line. A list without it was cut short.
  /// - Throws: `.checkpoint` for a file name that the format can't hold.
  package static func write(in folder: String, last: String) throws(FulcrumError) {
    var text = ""
    for name in files(in: folder).filter({ $0 != Self.name && $0 != last }) + [last] {
      guard !name.contains(where: { $0.isNewline || $0 == "\\" }) else {
        throw FulcrumError(
          .checkpoint, "expected a file name without line breaks and backslashes, got '\(name)'",
          at: folder)
      }
      text += "\(try FileDigest.sha256(ofFile: folder + "/" + name))  \(name)\n"
    }
    try SafeFiles.write(text, to: folder + "/" + Self.name)
  }

  /// Compares every file with its checksum.
  ///
  /// - Parameter last: the file of the last line, as for `write`.
  /// - Throws: `.checkpoint` naming the first file that is missing or has changed, or the line that
  ///   is not a checksum.
  package static func verify(_ folder: String, last: String) throws(FulcrumError) {
    let path = folder + "/" + name
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FulcrumError(.checkpoint, "expected the file \(name), found none", at: folder)
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The last line ends in a line break, as the others do.
    guard lines.count > 1, lines.last?.isEmpty == true,
      parse(lines[lines.count - 2])?.name == last
    else {
      throw FulcrumError(.checkpoint, "expected a last line for \(last), got another end", at: path)
    }
    for (index, line) in lines.dropLast().enumerated() {
      guard let (digest, name) = parse(line) else {
        throw FulcrumError(
          .checkpoint, "expected a SHA-256 digest, two spaces and a file name",
          at: "\(path):\(index + 1)")
      }
      guard FileManager.default.fileExists(atPath: folder + "/" + name) else {
        throw FulcrumError(.checkpoint, "expected the file \(name), found none", at: folder)
      }
      let found = try FileDigest.sha256(ofFile: folder + "/" + name)
      guard found == digest else {
        throw FulcrumError(
          .checkpoint, "expected SHA-256 \(digest.prefix(12))…, got \(found.prefix(12))…",
          at: folder + "/" + name)
      }
    }
  }

  private static func parse(_ line: Data) -> (digest: String, name: String)? {
    guard let text = String(data: line, encoding: .utf8) else { return nil }
    let digest = text.prefix(64)
    let rest = text.dropFirst(64)
    guard digest.count == 64, digest.allSatisfy({ "0123456789abcdef".contains($0) }),
      rest.hasPrefix("  "), rest.count > 2
    else { return nil }
    return (String(digest), String(rest.dropFirst(2)))
  }

  /// Returns all files below a folder, in a fixed order.
  private static func files(in folder: String) -> [String] {
    var names: [String] = []
    for name in FileManager.default.enumerator(atPath: folder) ?? .init() {
      var isFolder: ObjCBool = false
      guard let name = name as? String,
        FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      names.append(name)
    }
    return names.sorted()
  }
}
