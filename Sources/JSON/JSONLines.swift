import FulcrumKernel

/// Cuts JSON Lines into lines, each with the number that an editor shows.
///
/// Blank lines are left out. A byte-order mark is no part of the first line. A carriage return is
/// white space at a line's end, as it is to JSON.
package struct JSONLines: Sequence {
  package struct Line: Sendable {
    /// The number of the line, from 1; blank lines count.
    package let number: Int
    package let bytes: [UInt8]

    /// Returns the line's place as messages name it: `file:line`.
    package func place(in file: String) -> String { "\(file):\(number)" }
  }

  private let lines: [Line]

  /// - Parameter leavesOutUnfinished: whether text after the last line break is left out: the
  ///   program that writes the file may be in the middle of that line, or have died there.
  package init(_ bytes: [UInt8], leavesOutUnfinished: Bool = false) {
    var rest = bytes[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    var pieces = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if leavesOutUnfinished { pieces.removeLast() }
    lines = pieces.enumerated().compactMap { index, piece in
      piece.allSatisfy(Self.isSpace) ? nil : Line(number: index + 1, bytes: Array(piece))
    }
  }

  package func makeIterator() -> IndexingIterator<[Line]> { lines.makeIterator() }

  /// Returns whether a byte is JSON's own white space.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}

extension JSONLines.Line {
  /// Returns the object that the line holds.
  ///
  /// - Throws: `.data` at `file:line` if it holds something else.
  package func object(
    in file: String, options: JSONReader.Options = []
  ) throws(FulcrumError) -> JSONValue {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.parse(bytes, options: options)
    } catch {
      throw fault(error, in: file)
    }
    guard let members = value.members else {
      throw FulcrumError(
        .data, "expected a JSON object, got \(value.kind)", at: place(in: file),
        hint: value.elements == nil
          ? nil : "each object has a line of its own, without brackets around")
    }
    // The parser compares bytes. To Swift, and so to whoever looks a key up, two spellings of one
    // letter in Unicode are equal.
    var keys: Set<String> = []
    for member in members where !keys.insert(member.key).inserted {
      throw FulcrumError(
        .data, "expected each key once, got '\(member.key)' in two spellings of Unicode",
        at: place(in: file), hint: "remove one of the two, for readers differ in which counts")
    }
    return value
  }

  private func fault(_ fault: JSONFault, in file: String) -> FulcrumError {
    if case .repeatedKey(let key) = fault.cause {
      return FulcrumError(
        .data, "expected each key once, got '\(key)' again", at: place(in: file),
        hint: "column \(fault.column): remove one of the two, for readers differ in which counts")
    }
    let whole = fault.offset >= bytes.count ? "; an object begins and ends on one line" : ""
    return FulcrumError(
      .data, "expected a JSON object, got a line that isn't JSON", at: place(in: file),
      hint: "column \(fault.column): \(fault.reason)\(whole)")
  }
}
