/// Reads the attempts of a completion in the short style: ` maybe17+17=34+3=37/68 nope stop`.
///
/// An attempt is a longest run of digits and signs with a digit in it; what stands between two of
/// them are words.
package struct ShortResponse: Sendable {
  /// Holds an attempt with the words up to the next one.
  package struct Attempt: Sendable {
    /// The derivation; `nil`: the run isn't one.
    package let derivation: Derivation?
    /// The target that is repeated behind it; `nil`: none is.
    package let repeated: Int?
    package let words: [Substring]

    /// Tells whether it solves the puzzle and is said to.
    package func succeeds(at puzzle: Puzzle) -> Bool {
      guard let derivation, let word = words.first, Words.successes.contains(String(word)) else {
        return false
      }
      return repeated ?? puzzle.target == puzzle.target && derivation.solves(puzzle)
    }
  }

  package let attempts: [Attempt]

  package init(_ completion: String) {
    let text = completion.utf8
    var attempts: [Attempt] = []
    var run: Range<String.Index>?
    func close(before end: String.Index) {
      guard let run else { return }
      var reader = AttemptReader(text[run])
      let (derivation, repeated) = reader.read() ?? (nil, nil)
      attempts.append(
        Attempt(
          derivation: derivation, repeated: repeated,
          words: completion[run.upperBound..<end].split(whereSeparator: \.isWhitespace)))
    }
    var index = text.startIndex
    while index < text.endIndex {
      let end = text[index...].firstIndex { !AttemptReader.isSign($0) } ?? text.endIndex
      if text[index..<end].contains(where: AttemptReader.isDigit) {
        close(before: index)
        run = index..<end
      }
      index = end < text.endIndex ? text.index(after: end) : end
    }
    close(before: text.endIndex)
    self.attempts = attempts
  }
}

/// Reads one attempt: steps `a+b=c`, each behind a comma or going on from the result before it,
/// then perhaps a slash and the target.
private struct AttemptReader {
  private let text: [UInt8]
  private var place = 0

  static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  static func isSign(_ byte: UInt8) -> Bool {
    isDigit(byte) || "+-*/=,".utf8.contains(byte)
  }

  init(_ text: some Sequence<UInt8>) { self.text = Array(text) }

  /// Returns the derivation and the repeated target; `nil` if the text isn't an attempt.
  mutating func read() -> (derivation: Derivation?, repeated: Int?)? {
    guard let first = number() else { return nil }
    var left = first
    var steps: [Derivation.Step] = []
    while place < text.count {
      if !steps.isEmpty, skip(",") {
        guard let next = number() else { return nil }
        left = next
      }
      guard let operation = operation(), let right = number() else { return nil }
      // A slash at the end is no division: the target stands behind it.
      if operation == .divide, place == text.count, !steps.isEmpty {
        return (Derivation(steps: steps), right)
      }
      guard skip("="), let result = number() else { return nil }
      steps.append(Derivation.Step(left, operation, right, result))
      left = result
    }
    return steps.isEmpty ? nil : (Derivation(steps: steps), nil)
  }

  private mutating func skip(_ sign: Unicode.Scalar) -> Bool {
    guard place < text.count, text[place] == UInt8(ascii: sign) else { return false }
    place += 1
    return true
  }

  private mutating func operation() -> Operation? {
    guard place < text.count,
      let operation = Operation(rawValue: String(UnicodeScalar(text[place])))
    else { return nil }
    place += 1
    return operation
  }

  /// Reads digits, perhaps behind a minus; `nil` for none, and for more than 64 bits hold.
  private mutating func number() -> Int? {
    let start = place
    if place < text.count, text[place] == UInt8(ascii: "-") { place += 1 }
    while place < text.count, Self.isDigit(text[place]) { place += 1 }
    return Int(String(decoding: text[start..<place], as: UTF8.self))
  }
}
