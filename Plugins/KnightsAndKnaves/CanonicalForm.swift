/// Encodes a puzzle so that its twins get the same bytes: puzzles that differ only in the persons'
/// numbers, in the order of the sides of `and`, `or` and `iff`, and in saying "not a knave" for "a
/// knight" or "not a knight" for "a knave".
///
/// Up to 6 people the form is the least encoding over all renamings. For more people there are too
/// many renamings, and only the sides are put in order.
package struct CanonicalForm: Hashable, Sendable {
  /// The encoding: the number of people, then their statements in prefix order.
  package let bytes: [UInt8]

  /// The largest number of people for which all renamings are tried: 720 of them.
  package static let renamingLimit = 6

  /// - Precondition: fewer than 64 statements, which name no others than those persons.
  package init(_ statements: [Statement]) {
    precondition(statements.count < 64, "fewer than 64 statements")
    let people = statements.count
    var best = Self.encoding(statements, renamed: Array(0..<people), below: nil) ?? []
    if people <= Self.renamingLimit {
      Self.forEachPermutation(of: people) { renaming in
        if let less = Self.encoding(statements, renamed: renaming, below: best) { best = less }
      }
    }
    bytes = [UInt8(people)] + best
  }

  /// The encoding as a text.
  package var text: String { bytes.map(String.init).joined(separator: " ") }

  /// Whether puzzles of this form are kept for evaluation: one in eight, the same for every seed.
  package var isHeldOut: Bool { hash % 8 == 0 }

  /// A hash that is the same in every process: FNV-1a, then the finisher of SplitMix64. FNV's low
  /// bits alone depend on little of the input.
  package var hash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }

  /// Returns the statements' encodings in the order of their speakers' new numbers; `nil` as soon
  /// as they can't be less than `best`.
  private static func encoding(
    _ statements: [Statement], renamed renaming: [Int], below best: [UInt8]?
  ) -> [UInt8]? {
    var speakers = renaming
    for (old, new) in renaming.enumerated() { speakers[new] = old }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * statements.count)
    var isLess = best == nil
    var compared = 0
    for speaker in speakers {
      append(statements[speaker], renamed: renaming, to: &bytes)
      guard let best, !isLess else { continue }
      // The encoding is a prefix code, so the first difference decides, and lengths need no
      // comparison.
      while compared < min(bytes.count, best.count), bytes[compared] == best[compared] {
        compared += 1
      }
      if compared < min(bytes.count, best.count) {
        if bytes[compared] > best[compared] { return nil }
        isLess = true
      }
    }
    return isLess ? bytes : nil
  }

  private static func append(
    _ statement: Statement, renamed renaming: [Int], to bytes: inout [UInt8]
  ) {
    switch statement {
    // A leaf is one byte from 128 on, an operator one below.
    case .knight(let person): bytes.append(128 + 2 * UInt8(renaming[person]))
    case .knave(let person): bytes.append(129 + 2 * UInt8(renaming[person]))
    case .not(.knight(let person)): append(.knave(person), renamed: renaming, to: &bytes)
    case .not(.knave(let person)): append(.knight(person), renamed: renaming, to: &bytes)
    case .not(.not(let part)): append(part, renamed: renaming, to: &bytes)
    case .not(let part):
      bytes.append(1)
      append(part, renamed: renaming, to: &bytes)
    case .and(let parts): append(operator: 2, parts, renamed: renaming, to: &bytes)
    case .or(let parts): append(operator: 3, parts, renamed: renaming, to: &bytes)
    case .implies(let premise, let conclusion):
      bytes.append(4)
      append(premise, renamed: renaming, to: &bytes)
      append(conclusion, renamed: renaming, to: &bytes)
    case .iff(let left, let right):
      append(operator: 5, [left, right], renamed: renaming, to: &bytes)
    }
  }

  /// Encodes an operator whose parts may be swapped: its number, the number of parts, the parts in
  /// order.
  private static func append(
    operator number: UInt8, _ parts: [Statement], renamed renaming: [Int], to bytes: inout [UInt8]
  ) {
    bytes.append(number)
    bytes.append(UInt8(clamping: parts.count))
    let start = bytes.count
    for part in parts { append(part, renamed: renaming, to: &bytes) }
    if bytes.count - start == parts.count {
      bytes[start...].sort()
      return
    }
    bytes.removeSubrange(start...)
    let encoded = parts.map { part in
      var encoded: [UInt8] = []
      append(part, renamed: renaming, to: &encoded)
      return encoded
    }
    for part in encoded.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes += part }
  }

  /// Visits every permutation of 0..<count once, by single swaps (Heap's algorithm).
  private static func forEachPermutation(of count: Int, _ body: ([Int]) -> Void) {
    var permutation = Array(0..<count)
    var counters = Array(repeating: 0, count: count)
    body(permutation)
    var position = 1
    while position < count {
      if counters[position] < position {
        permutation.swapAt(position.isMultiple(of: 2) ? 0 : counters[position], position)
        body(permutation)
        counters[position] += 1
        position = 1
      } else {
        counters[position] = 0
        position += 1
      }
    }
  }
}
