import Foundation
import FulcrumKernel

/// Writes that a crash can't leave half done.
package enum SafeFiles {
  package static func makeFolder(_ path: String) throws(FulcrumError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
    } catch {
      throw failure("make the folder", path, error)
    }
  }

  /// Replaces a file by way of a synced neighbour.
  package static func write(_ text: String, to path: String) throws(FulcrumError) {
    try write(Data(text.utf8), to: path)
  }

  package static func write(_ data: Data, to path: String) throws(FulcrumError) {
    try writeFile(path) { (aside) throws(FulcrumError) in
      do {
        try data.write(to: URL(fileURLWithPath: aside))
      } catch {
        throw failure("write", path, error)
      }
    }
  }

  /// Writes a file aside, syncs it, and only then gives it its name.
  ///
  /// - Parameter write: gets the path of a file to make. If it throws, nothing is left.
  package static func writeFile(
    _ path: String, by write: (_ aside: String) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let aside = path + ".partial"
    do throws(FulcrumError) {
      try write(aside)
      try sync(aside)
      try rename(aside, to: path)
    } catch {
      try? remove(aside)
      throw error
    }
  }

  /// Fills a folder aside, syncs all that is in it, and only then gives it its name.
  ///
  /// - Parameter fill: gets the path of an empty folder. If it throws, nothing is left.
  /// - Returns: what `fill` does.
  package static func writeFolder<Result>(
    _ path: String, fill: (_ aside: String) throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    let given = (path as NSString).deletingLastPathComponent
    let parent = given.isEmpty ? "." : given
    let aside = parent + "/." + (path as NSString).lastPathComponent + ".partial"
    try makeFolder(parent)
    try remove(aside)
    try makeFolder(aside)
    do throws(FulcrumError) {
      let result = try fill(aside)
      for name in FileManager.default.enumerator(atPath: aside) ?? .init() {
        if let name = name as? String { try sync(aside + "/" + name) }
      }
      try sync(aside)
      try remove(path)
      try rename(aside, to: path)
      try sync(parent)
      return result
    } catch {
      try? remove(aside)
      throw error
    }
  }

  package static func append(_ line: String, to path: String) throws(FulcrumError) {
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw failure("create", path, nil)
      }
    }
    do {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: Data((line + "\n").utf8))
    } catch {
      throw failure("append to", path, error)
    }
  }

  package static func remove(_ path: String) throws(FulcrumError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw failure("remove", path, error)
    }
  }

  private static func rename(_ path: String, to name: String) throws(FulcrumError) {
    guard Foundation.rename(path, name) == 0 else {
      throw failure("rename to", name, nil)
    }
  }

  private static func sync(_ path: String) throws(FulcrumError) {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw failure("open", path, nil) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", path, nil) }
  }

  private static func failure(_ verb: String, _ path: String, _ error: (any Error)?)
    -> FulcrumError
  {
    let reason =
      error.map { "\(($0 as NSError).localizedDescription)" }
      ?? String(
        cString: strerror(errno))
    return FulcrumError(
      .inputOutput, "could not \(verb) it: \(reason)", at: path,
      hint: "check that the disk has room and that you may write there")
  }
}
