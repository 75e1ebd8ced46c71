import Digests
import Files
import Foundation
import FulcrumKernel
import YAML
import Yams

/// Holds a file of data that a component reads, with its digest.
package struct DataFile: Sendable, Equatable {
  package let path: String
  /// Its SHA-256, as `FileDigest` writes it.
  package let digest: String

  /// The key of the files in what `run.yaml` says beside the configuration.
  static let key = "data"
  private static let digestKey = "sha256"
  /// The key of digests that a run went on with: `changes: [{after-step: 3, sha256: …}]`.
  private static let changesKey = "changes"

  /// Holds a file whose digest is another than a run knows.
  package struct Change: Sendable {
    package let path: String
    package let then: String
    package let now: String

    /// Both digests, as messages show them.
    package var digests: String { "sha256 \(then.prefix(12))…, now \(now.prefix(12))…" }
  }

  /// Returns regular files with their digests; a pipe can be read once only, and not by us.
  ///
  /// - Throws: `.inputOutput` for a file that can't be read.
  static func files(at paths: [String]) throws(FulcrumError) -> [DataFile] {
    var files: [DataFile] = []
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      files.append(DataFile(path: path, digest: try FileDigest.sha256(ofFile: path)))
    }
    return files
  }

  /// Returns the files whose digests are others than `run.yaml` has; none for files that it lacks.
  package static func changes(
    to files: [DataFile], since tree: ConfigurationTree
  ) -> [Change] {
    let known = known(in: tree)
    return files.compactMap { file in
      guard let then = known[file.path], then != file.digest else { return nil }
      return Change(path: file.path, then: then, now: file.digest)
    }
  }

  /// Refuses to go on with other data than a run had.
  ///
  /// - Throws: `.usage` that names the first file.
  package static func require(_ changes: [Change], noneIn run: String) throws(FulcrumError) {
    guard let change = changes.first else { return }
    let more = changes.count > 1 ? "; so have \(changes.count - 1) more of its files" : ""
    throw FulcrumError(
      .usage, "the file has changed since the run read it (\(change.digests))\(more)",
      at: change.path,
      hint: "put the old file back; or go on with the new one:"
        + " 'fulcrum resume \(run) --changed-data'")
  }

  /// Writes into `run.yaml` that the run went on with other data.
  ///
  /// - Parameter step: the last step with the data as it was.
  package static func note(
    _ changes: [Change], afterStep step: Int, in file: String
  ) throws(FulcrumError) {
    let missing = FulcrumError(.inputOutput, "could not read the file", at: file)
    guard var root = try YAMLText.compose(try YAMLText.read(file, missing: missing), file: file),
      var files = root[Provenance.key]?[key]?.sequence
    else { throw missing }
    for index in files.indices {
      guard let change = changes.first(where: { $0.path == files[index]["path"]?.string })
      else { continue }
      let entry = Node([
        (Node("after-step"), Node("\(step)")), (Node(digestKey), text(change.now)),
      ])
      files[index][changesKey] = Node(
        (files[index][changesKey]?.sequence.map(Array.init) ?? []) + [entry])
    }
    root[Provenance.key]?[key]?.sequence = files
    do {
      try SafeFiles.write(try Yams.serialize(node: root), to: file)
    } catch let error as FulcrumError {
      throw error
    } catch {
      throw FulcrumError(
        .inputOutput, "could not write the configuration as YAML: \(error)", at: file)
    }
  }

  /// The file as `run.yaml` has it.
  var node: Node {
    Node([(Node("path"), Self.text(path)), (Node(Self.digestKey), Self.text(digest))])
  }

  /// Returns a text in quotes, for a digest can look like a number.
  private static func text(_ text: String) -> Node { Node(text, Tag(.str), .doubleQuoted) }

  /// Returns the digest that a run last went on with, by path.
  private static func known(in tree: ConfigurationTree) -> [String: String] {
    guard case .section(let entries)? = tree.root[Provenance.key],
      case .list(let files)? = entries[key]
    else { return [:] }
    return files.reduce(into: [:]) { known, file in
      guard case .section(let file) = file, case .value(.text(let path))? = file["path"] else {
        return
      }
      var last: ConfigurationTree.Node? = .section(file)
      if case .list(let changes)? = file[changesKey] { last = changes.last }
      if case .section(let entry)? = last, case .value(let digest)? = entry[digestKey] {
        known[path] = "\(digest)"
      }
    }
  }
}
