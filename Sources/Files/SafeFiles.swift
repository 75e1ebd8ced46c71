import Foundation
import FulcrumKernel

/// Writes files and folders so that neither a crash nor a full disk leaves one half done.
///
/// An unfinished file or folder has a name that ends in `.partial`. A kill can leave one behind,
/// and the next start of the run removes it.
package enum SafeFiles {
  /// The end of the names of unfinished files and folders.
  package static let unfinished = ".partial"

  /// Makes a folder and those above it, where they are missing.
  package static func makeFolder(_ path: String) throws(FulcrumError) {
    if mkdir(path, 0o777) == 0 { return }
    switch errno {
    case EEXIST:
      guard !isFolder(path) else { return }
      throw SystemFault.error("make the folder", path, ENOTDIR)
    case ENOENT where !parent(of: path).isEmpty && parent(of: path) != path:
      try makeFolder(parent(of: path))
      if mkdir(path, 0o777) != 0, errno != EEXIST {
        throw SystemFault.error("make the folder", path)
      }
    default:
      throw SystemFault.error("make the folder", path)
    }
  }

  /// Replaces a file by way of a synced neighbour.
  package static func write(_ text: String, to path: String) throws(FulcrumError) {
    try write(Data(text.utf8), to: path)
  }

  package static func write(_ data: Data, to path: String) throws(FulcrumError) {
    try writeFile(path) { (aside) throws(FulcrumError) in
      let descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw SystemFault.error("write it", path) }
      defer { close(descriptor) }
      guard put(data, to: descriptor) else { throw SystemFault.error("write it", path) }
    }
  }

  /// Writes a file aside, syncs it, and only then gives it its name.
  ///
  /// - Parameter write: gets the path of a file to make. If it throws, nothing is left.
  package static func writeFile(
    _ path: String, by write: (_ aside: String) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let aside = path + unfinished
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
    let parent = parent(of: path)
    let aside = hidden(path)
    try makeFolder(parent)
    try remove(aside)
    try makeFolder(aside)
    do throws(FulcrumError) {
      let result = try fill(aside)
      for name in FileManager.default.enumerator(atPath: aside) ?? .init() {
        if let name = name as? String { try sync(aside + "/" + name) }
      }
      try sync(aside)
      // The one that had the name before stays until the new one has it.
      let old = hidden(path + ".old")
      try remove(old)
      if FileManager.default.fileExists(atPath: path) { try rename(path, to: old) }
      try rename(aside, to: path)
      try sync(parent)
      try remove(old)
      return result
    } catch {
      try? remove(aside)
      throw error
    }
  }

  /// Makes a folder with the same files as another one: by links, or by copies where the file system has no
  /// links. Both must stay unchanged then.
  ///
  /// - Throws: `.inputOutput` if a file can't be linked nor copied, or `path` exists.
  package static func linkFolder(_ folder: String, to path: String) throws(FulcrumError) {
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: false)
      for name in try files.contentsOfDirectory(atPath: folder) {
        let (old, new) = (folder + "/" + name, path + "/" + name)
        if isFolder(old) {
          try linkFolder(old, to: new)
        } else if link(old, new) != 0 {
          try files.copyItem(atPath: old, toPath: new)
        }
      }
    } catch let error as FulcrumError {
      throw error
    } catch {
      throw FulcrumError(
        .inputOutput, "could not copy it: \((error as NSError).localizedDescription)", at: folder,
        hint: SystemFault.remedy)
    }
  }

  /// Makes sure that a new folder can be written at a path: nothing is there, but for an empty folder, and
  /// there is a folder around it that takes files.
  ///
  /// - Throws: `.usage` if something is there; `.inputOutput` if nothing can be written there.
  package static func requireRoom(forFolder path: String) throws(FulcrumError) {
    let name = FileSystem.fileName(of: withoutSlashes(path))
    let isFree =
      !FileSystem.exists(path)
      || FileSystem.names(inFolder: path)?.isEmpty == true && !["", ".", ".."].contains(name)
    guard isFree else {
      throw FulcrumError(
        .usage, "expected a path where nothing is yet, got one with something at it", at: path,
        hint: "give another one with --set output=FOLDER, or take away what is there")
    }
    let parent = parent(of: path)
    try makeFolder(parent)
    guard access(parent, W_OK) == 0 else { throw SystemFault.error("write into it", parent) }
  }

  /// Makes sure that a file can be written at a path, before the work whose result it will hold.
  ///
  /// - Throws: `.inputOutput` if a folder is there, or the folder around it is missing or closed.
  package static func requireFile(_ path: String) throws(FulcrumError) {
    guard !isFolder(path) else { throw SystemFault.error("write it", path, EISDIR) }
    let parent = parent(of: path)
    guard access(parent.isEmpty ? "." : parent, W_OK) == 0 else {
      throw SystemFault.error("write it", path)
    }
  }

  /// Makes sure that files can be written into a folder, which may not be there yet.
  package static func requireFolder(_ path: String) throws(FulcrumError) {
    var place = withoutSlashes(path)
    while !place.isEmpty, !FileSystem.exists(place) { place = parent(of: place) }
    if place.isEmpty { place = "." }
    guard isFolder(place) else { throw SystemFault.error("make the folder", path, ENOTDIR) }
    guard access(place, W_OK) == 0 else { throw SystemFault.error("make the folder", path) }
  }

  /// Appends a line, all of it or nothing.
  package static func append(_ line: String, to path: String) throws(FulcrumError) {
    try append(Data((line + "\n").utf8), to: path)
  }

  /// Appends bytes, all of them or none.
  package static func append(_ data: Data, to path: String) throws(FulcrumError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemFault.error("append to it", path) }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0, put(data, to: descriptor) else {
      let fault = SystemFault.error("append to it", path)
      if end >= 0 { _ = ftruncate(descriptor, end) }
      close(descriptor)
      throw fault
    }
    // Some file systems say only now that the disk is full.
    guard close(descriptor) == 0 else { throw SystemFault.error("append to it", path) }
  }

  /// Cuts a file off after so many bytes.
  package static func cut(_ path: String, to length: Int) throws(FulcrumError) {
    guard truncate(path, off_t(length)) == 0 else { throw SystemFault.error("shorten it", path) }
  }

  package static func remove(_ path: String) throws(FulcrumError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw FulcrumError(
        .inputOutput, "could not remove it: \((error as NSError).localizedDescription)", at: path,
        hint: SystemFault.remedy)
    }
  }

  /// Removes a folder so that a kill in between doesn't leave a part of it under its name.
  package static func removeFolder(_ path: String) throws(FulcrumError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let aside = hidden(path)
    try remove(aside)
    try rename(path, to: aside)
    try remove(aside)
  }

  package static func rename(_ path: String, to name: String) throws(FulcrumError) {
    guard Foundation.rename(path, name) == 0 else {
      throw SystemFault.error("give it its name", name)
    }
  }

  /// Puts a file's bytes, or a folder's names, on the disk.
  package static func sync(_ path: String) throws(FulcrumError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFault.error("open it", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemFault.error("sync it", path) }
  }

  /// Writes all of the bytes; returns `false` if it can't, with the reason in `errno`.
  private static func put(_ data: Data, to descriptor: Int32) -> Bool {
    data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  // Not Foundation's, which traps on a name of one character.
  private static func parent(of path: String) -> String {
    FileSystem.folder(of: withoutSlashes(path))
  }

  private static func hidden(_ path: String) -> String {
    parent(of: path) + "/." + FileSystem.fileName(of: withoutSlashes(path)) + unfinished
  }

  /// The path without slashes at its end.
  private static func withoutSlashes(_ path: String) -> String {
    let end = path.lastIndex { $0 != "/" }
    return end.map { String(path[...$0]) } ?? path
  }
}
