/// A regular expression of a Split: the part of the syntax that published tokenizers use.
///
/// Characters, classes (`[…]`, `\p{L}`, `\s`, `\S`, `\d`, `\D`), `?`, `*`, `+`, `{m,n}` and their
/// possessive forms, alternatives, groups, groups without regard to case, a look ahead at one
/// scalar, `$`. Anything else is not parsed, and so refused. The patterns of GPT-2, Qwen2 and Llama 3
/// have faster scanners of their own (`PiecePattern`); this serves o200k, DeepSeek and others.
///
/// It backtracks, alternatives in their order: what Oniguruma finds, this finds. Where that takes many steps
/// it remembers which ways have failed, so that no expression takes time without measure.
///
/// - Source: github.com/kkos/oniguruma, doc/RE (Ruby's syntax).
///
/// A class, so that a piece costs one count of references and not one for each table.
package final class SplitExpression: Sendable, Equatable {
  enum Instruction: Sendable, Equatable {
    /// As many scalars of a set as there are; fewer, down to the minimum, if what follows fails.
    case run(set: Int, minimum: Int, maximum: Int, isPossessive: Bool)
    /// Goes on; if that fails, from another place in the program.
    case split(otherwise: Int)
    case jump(Int)
    /// The next scalar is in a set, or (negated) there is none in it.
    case ahead(set: Int, isNegated: Bool)
    /// The text's end, or a line feed comes next.
    case lineEnd
    case match
  }

  /// A place to go on from if the present way fails.
  package struct Alternative {
    fileprivate let instruction: Int
    fileprivate var position: Int
    /// The least position, where the alternative is a shorter run; else -1.
    fileprivate let floor: Int
  }

  /// Places from which a search has failed. Whether it fails from one depends on nothing else.
  private struct Failures {
    /// The steps back without a memory of them: ordinary text takes fewer.
    private static let free = 4096
    private var steps = 0
    private var places: Set<Int> = []

    /// Returns whether a way was gone before, and remembers it.
    mutating func hasFailed(_ instruction: Int, _ position: Int, in text: Span<UInt8>) -> Bool {
      steps += 1
      guard steps > Self.free else { return false }
      return !places.insert(instruction * (text.count + 1) + position).inserted
    }
  }

  private let program: [Instruction]
  private let sets: [ScalarSet]
  /// The sets' scalars below U+10000, one set behind the other.
  private let bits: [UInt64]
  /// The sets of which a match begins with a scalar, and their bits together.
  private let firstSets: [Int]
  private let firstBits: [UInt64]
  /// Whether the whole is one way that begins with a run without a limit: where it fails, it fails
  /// from every later place of that run too, for these have the same ends.
  private let failsByRuns: Bool

  /// Compiles a pattern; `nil` if it isn't of the known syntax, or may match no scalar at all.
  package init?(_ pattern: String) {
    var parser = SplitExpressionParser(pattern)
    guard let compiled = parser.compile() else { return nil }
    let (program, sets) = compiled
    let bits = sets.map { $0.bits() }
    var firstSets: Set<Int> = []
    Self.addFirstSets(of: program, from: 0, to: &firstSets)
    self.program = program
    self.sets = sets
    self.bits = bits.flatMap(\.self)
    self.firstSets = firstSets.sorted()
    firstBits = (0..<ScalarSet.wordCount).map { word in
      firstSets.reduce(0) { $0 | bits[$1][word] }
    }
    if case .run(_, 1, .max, false) = program[0],
      !program.contains(where: { if case .split = $0 { true } else { false } })
    {
      failsByRuns = true
    } else {
      failsByRuns = false
    }
  }

  package static func == (a: SplitExpression, b: SplitExpression) -> Bool {
    a.program == b.program && a.sets == b.sets
  }

  /// Adds the sets from which a match's first scalar is, where the program goes on from a place.
  private static func addFirstSets(
    of program: [Instruction], from place: Int, to firstSets: inout Set<Int>
  ) {
    var place = place
    while true {
      switch program[place] {
      case .run(let set, let minimum, _, _):
        firstSets.insert(set)
        if minimum > 0 { return }
      case .split(let otherwise): addFirstSets(of: program, from: otherwise, to: &firstSets)
      case .jump(let target):
        place = target
        continue
      case .ahead, .lineEnd: break
      case .match: return
      }
      place += 1
    }
  }

  @inline(__always)
  private func mayBegin(with value: UInt32) -> Bool {
    value < 0x10000
      ? firstBits[Int(value) / 64] >> UInt64(value % 64) & 1 == 1
      : firstSets.contains { sets[$0].contains(value) }
  }

  /// Returns the first match from a place on; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - text: valid UTF-8; `start` begins a scalar or is the end.
  ///   - alternatives: scratch memory.
  package func next(
    in text: Span<UInt8>, from start: Int, _ alternatives: inout [Alternative]
  ) -> Range<Int>? {
    var start = start
    var failures = Failures()
    while start < text.count {
      let first = ScannedScalar.value(text, at: start)
      guard mayBegin(with: first.value) else {
        start = first.end
        continue
      }
      if let end = end(in: text, from: start, &alternatives, &failures) { return start..<end }
      if failsByRuns, case .run(let set, _, _, _) = program[0] {
        while start < text.count {
          let scalar = ScannedScalar.value(text, at: start)
          if !contains(scalar.value, set) { break }
          start = scalar.end
        }
        if start == text.count { return nil }
      }
      start = ScannedScalar.value(text, at: start).end
    }
    return nil
  }

  @inline(__always)
  private func contains(_ value: UInt32, _ set: Int) -> Bool {
    value < 0x10000
      ? bits[set * ScalarSet.wordCount + Int(value) / 64] >> UInt64(value % 64) & 1 == 1
      : sets[set].contains(value)
  }

  /// Returns the end of the match that begins at a place.
  private func end(
    in text: Span<UInt8>, from start: Int, _ alternatives: inout [Alternative],
    _ failures: inout Failures
  ) -> Int? {
    alternatives.removeAll(keepingCapacity: true)
    var position = start
    var instruction = 0
    while true {
      var succeeds = true
      switch program[instruction] {
      case .run(let set, let minimum, let maximum, let isPossessive):
        var count = 0
        var floor = position
        while count < maximum, position < text.count {
          let scalar = ScannedScalar.value(text, at: position)
          if !contains(scalar.value, set) { break }
          position = scalar.end
          count += 1
          if count == minimum { floor = position }
        }
        succeeds = count >= minimum
        instruction += 1
        if succeeds, !isPossessive, position > floor {
          alternatives.append(
            Alternative(instruction: instruction, position: position, floor: floor))
        }
      case .split(let otherwise):
        alternatives.append(Alternative(instruction: otherwise, position: position, floor: -1))
        instruction += 1
      case .jump(let target): instruction = target
      case .ahead(let set, let isNegated):
        let isThere =
          position < text.count && contains(ScannedScalar.value(text, at: position).value, set)
        succeeds = isThere != isNegated
        instruction += 1
      case .lineEnd:
        succeeds = position == text.count || text[position] == 0x0A
        instruction += 1
      case .match: return position
      }
      if succeeds { continue }
      repeat {
        guard var alternative = alternatives.popLast() else { return nil }
        instruction = alternative.instruction
        if alternative.floor >= 0 {
          repeat { alternative.position -= 1 } while text[alternative.position] & 0xC0 == 0x80
          if alternative.position > alternative.floor { alternatives.append(alternative) }
        }
        position = alternative.position
      } while failures.hasFailed(instruction, position, in: text)
    }
  }
}
