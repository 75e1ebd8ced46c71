import FulcrumKernel

/// Says where a text stops being JSON, and why.
package struct JSONFault: Error, Equatable {
  package enum Cause: Equatable, Sendable {
    case unexpected(expected: String, got: String)
    /// RFC 8259 leaves open which of the values counts, so a reader must not choose.
    case repeatedKey(String)
  }

  package let cause: Cause
  /// The number of bytes before the fault.
  package let offset: Int
  /// The number of the line, from 1.
  package let line: Int
  /// The number of the character in its line, from 1.
  package let column: Int

  init(_ cause: Cause, at offset: Int, in bytes: [UInt8]) {
    self.cause = cause
    self.offset = offset
    let before = bytes.prefix(offset)
    line = 1 + before.count { $0 == UInt8(ascii: "\n") }
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    // Bytes that go on with a character begin with the bits 10.
    column = 1 + before[start...].count { $0 & 0xC0 != 0x80 }
  }

  /// Says what is wrong, without its place.
  package var reason: String {
    switch cause {
    case .unexpected(let expected, let got): "expected \(expected), got \(got)"
    case .repeatedKey(let key): "the key '\(key)' is repeated"
    }
  }

  /// Returns the error of a file that a program wrote, with the byte's number: such files are one line.
  package func error(
    _ code: FulcrumError.Code, at location: String, hint: String? = nil
  ) -> FulcrumError {
    switch cause {
    case .unexpected:
      FulcrumError(
        code, "not valid JSON at byte \(offset): \(reason)", at: location, hint: hint)
    case .repeatedKey: FulcrumError(code, "\(reason) at byte \(offset)", at: location)
    }
  }
}
