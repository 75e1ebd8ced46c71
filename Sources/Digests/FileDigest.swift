import Crypto
import Files
import Foundation
import FulcrumKernel

/// Computes SHA-256 digests and writes them as `sha256sum` does: 64 lower-case hexadecimal digits.
package enum FileDigest {
  package static func sha256(of bytes: [UInt8]) -> String {
    var hasher = SHA256()
    bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return text(of: hasher.finalize())
  }

  /// Returns the digest of a file of any size. Only a piece of it is in memory at a time.
  ///
  /// - Throws: `.inputOutput` if it can't be read.
  package static func sha256(ofFile path: String) throws(FulcrumError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open", path) }
    defer { close(descriptor) }
    var hasher = SHA256()
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = piece.withUnsafeMutableBytes { bytes in
        let count = read(descriptor, bytes.baseAddress, bytes.count)
        if count > 0 {
          hasher.update(
            bufferPointer: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        }
        return count
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fault("read", path) }
      if count == 0 { return text(of: hasher.finalize()) }
    }
  }

  private static func text(of digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  private static func fault(_ verb: String, _ path: String) -> FulcrumError {
    FulcrumError(.inputOutput, "could not \(verb) it: \(SystemFault.reason())", at: path)
  }
}
