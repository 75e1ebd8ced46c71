import Files
import FulcrumKernel
import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Holds a regular file, open for reading until the last reference to it goes.
///
/// The file is read with `pread`, not mapped. If another process shortens it, that is an error with
/// a name, where a mapping would end the process by SIGBUS.
package final class ReadableFile: Sendable {
  /// The path, as it was given.
  package let path: String
  /// The size in bytes, when the file was opened.
  package let size: Int
  private let descriptor: Int32

  /// Opens a file.
  ///
  /// - Throws: `.notFound` if there is no such file, `.inputOutput` if it can't be read.
  package init(path: String) throws(FulcrumError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw SystemFault.error(errno == ENOENT ? .notFound : .inputOutput, "open the file", path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = SystemFault.error(.inputOutput, "inspect the file", path)
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FulcrumError(
        .inputOutput, "expected a regular file, got a folder or a device", at: path)
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Fills the whole buffer from an offset.
  ///
  /// - Throws: `.checkpoint` if the file ends early, `.inputOutput` if the system fails.
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(FulcrumError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemFault.error(.inputOutput, "read the file", path) }
      guard count > 0 else {
        throw FulcrumError(
          .checkpoint, "the file ends at byte \(offset + done), expected \(rest.count) bytes more",
          at: path, hint: "the file was shortened while it was read")
      }
      done += count
    }
  }

  /// Returns some bytes of the file.
  ///
  /// - Throws: as `read(into:at:)`.
  package func bytes(_ range: Range<Int>) throws(FulcrumError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    try span.withUnsafeMutableBytes { (buffer) throws(FulcrumError) in
      try read(into: buffer, at: range.lowerBound)
    }
    return bytes
  }

  /// Reads the whole of a JSON file.
  ///
  /// - Throws: as `init(path:)` and `JSONReader.parse`.
  package static func json(_ path: String) throws(FulcrumError) -> JSONValue {
    let file = try ReadableFile(path: path)
    return try JSONReader.parse(file.bytes(0..<file.size), at: path)
  }
}

/// Writes a file from its start to its end: a new one, or an old one emptied.
package final class WritableFile {
  private let path: String
  private var descriptor: Int32

  /// Creates or empties a file.
  ///
  /// - Throws: `.inputOutput` if it can't be created.
  package init(path: String) throws(FulcrumError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    self.path = path
    guard descriptor >= 0 else { throw SystemFault.error(.inputOutput, "create the file", path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends bytes.
  ///
  /// - Throws: `.inputOutput` if not every byte could be written.
  package func write(_ bytes: RawSpan) throws(FulcrumError) {
    try bytes.withUnsafeBytes { (bytes) throws(FulcrumError) in
      var done = 0
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = systemWrite(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw SystemFault.error(.inputOutput, "write the file", path) }
        done += count
      }
    }
  }

  /// Puts the bytes on the disk and closes the file.
  ///
  /// - Throws: `.inputOutput` if the disk is full or failed: some systems report it only now.
  package func finish() throws(FulcrumError) {
    guard fsync(descriptor) == 0 else {
      throw SystemFault.error(.inputOutput, "write the file", path)
    }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw SystemFault.error(.inputOutput, "close the file", path) }
  }

  /// Writes a whole JSON file, indented, and syncs it to the disk.
  ///
  /// - Throws: `.inputOutput` if the system fails.
  package static func write(json: JSONValue, path: String) throws(FulcrumError) {
    try write(Array(JSONWriter.indented(json).utf8), path: path)
  }

  /// Writes a whole file and syncs it to the disk.
  ///
  /// - Throws: `.inputOutput` if the system fails.
  package static func write(_ bytes: [UInt8], path: String) throws(FulcrumError) {
    let file = try WritableFile(path: path)
    try file.write(bytes.span.bytes)
    try file.finish()
  }
}

extension SystemFault {
  /// Returns the error of a checkpoint's file, without the remedies that `SystemFault` has for
  /// writing.
  static func error(_ code: FulcrumError.Code, _ action: String, _ path: String) -> FulcrumError {
    FulcrumError(code, "can't \(action): " + reason(), at: path)
  }
}

/// Calls `write` of the C library, under a name that the method of the same name doesn't shadow.
private func systemWrite(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Int {
  write(descriptor, bytes, count)
}
