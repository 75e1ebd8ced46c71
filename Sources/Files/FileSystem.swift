import Foundation
import FulcrumKernel

/// Answers the few questions that a host has to ask of the file system.
package enum FileSystem {
  /// Holds a file's bytes, and the permissions of the very file that they were read from.
  package struct Contents {
    package let bytes: [UInt8]
    package let isWorldWritable: Bool
  }

  /// The most bytes of a file. Keeps a mistaken path (a disk image, a sparse file) from filling the
  /// memory.
  private static let largestFile = 1 << 32

  /// Reads a regular file as a whole.
  ///
  /// - Parameters:
  ///   - missing: the hint if there is no such file.
  ///   - wrongKind: the hint if it is not a regular file, or a huge one.
  /// - Throws: `.notFound` if there is none; `.inputOutput` if it can't be read.
  package static func contents(
    of path: String, missing: String? = nil, wrongKind: String? = nil
  ) throws(FulcrumError) -> Contents {
    // Non-blocking, so that a named pipe is refused and not waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let cause = errno
      guard cause == ENOENT || cause == ENOTDIR else { throw unreadable(path, cause) }
      throw FulcrumError(
        .notFound, "there is no such file", at: path,
        hint: missing)
    }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FulcrumError(
        .inputOutput, "expected a file, got a folder or a device", at: path,
        hint: wrongKind)
    }
    guard status.st_size <= largestFile else {
      throw FulcrumError(
        .inputOutput, "expected at most \(largestFile) bytes, got \(status.st_size)", at: path,
        hint: wrongKind)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path, errno) }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return Contents(bytes: bytes, isWorldWritable: status.st_mode & S_IWOTH != 0)
  }

  /// Tells whether anybody on this machine may put files into a folder.
  package static func isWorldWritable(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IWOTH != 0
  }

  /// Tells whether the folder has an entry of this name, even a link to nowhere.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Returns an absolute path as it is, and a relative one as it is seen from a folder.
  package static func absolutePath(_ path: String, from folder: String) -> String {
    path.hasPrefix("/")
      ? path : URL(fileURLWithPath: folder + "/" + path).standardizedFileURL.path
  }

  /// Returns the absolute path without symbolic links; `nil` if there is no such file.
  package static func canonicalPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Returns the part before the last slash; the working folder if there is no slash.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Returns the part after the last slash.
  package static func fileName(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// Returns the names in a folder, unsorted; `nil` if it is not a folder or can't be read.
  package static func names(inFolder path: String) -> [String]? {
    try? FileManager.default.contentsOfDirectory(atPath: path)
  }

  private static func unreadable(_ path: String, _ cause: Int32) -> FulcrumError {
    FulcrumError(
      .inputOutput, "can't be read: \(SystemFault.reason(cause))", at: path,
      hint: "check the file's permissions")
  }
}
