import Foundation
import FulcrumKernel
import MathRewardPlugin
import Testing

/// Pairs of a completion and an answer that say the same, and pairs that don't.
@Suite struct PairTests {
  struct Pair: Decodable, Sendable {
    let completion: String
    let answer: String
    let equal: Bool
  }

  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// - Returns: none if there is no such file.
  private static func pairs(_ path: String) throws -> [Pair] {
    let text = (try? String(contentsOf: repository.appending(path: path), encoding: .utf8)) ?? ""
    return try text.split(separator: "\n").map {
      try JSONDecoder().decode(Pair.self, from: Data($0.utf8))
    }
  }

  private func isAccepted(_ pair: Pair) throws -> Bool {
    try outcome(of: pair.completion, truth: pair.answer) == .correct
  }

  @Test func `equal ones are accepted, unequal ones never`() throws {
    let pairs = try Self.pairs("Tests/Fixtures/math/pairs.jsonl")
    try #require(pairs.count { $0.equal } >= 130 && pairs.count { !$0.equal } >= 900)
    for pair in pairs {
      #expect(try isAccepted(pair) == pair.equal, "\(pair.completion) for \(pair.answer)")
      // Neither side is special, so both orders must agree. Some answers are no content of a box.
      guard !pair.answer.contains("####"), !pair.answer.contains("\\boxed") else { continue }
      let content = pair.completion.dropFirst("So \\boxed{".count).dropLast(2)
      let turned = Pair(
        completion: "\\boxed{\(pair.answer)}", answer: String(content), equal: pair.equal)
      #expect(try isAccepted(turned) == pair.equal, "\(pair.answer) for \(content)")
    }
  }

  @Test func `of pairs from elsewhere no unequal one is accepted, and all but a few equal ones`()
    throws
  {
    let pairs = try Self.pairs("../shared/cases/math-pairs.jsonl")
    let accepted = try pairs.filter { try isAccepted($0) }
    for pair in accepted { #expect(pair.equal, "\(pair.completion) for \(pair.answer)") }
    let equal = pairs.count { $0.equal }
    #expect(1000 * accepted.count >= 982 * equal, "\(accepted.count) of \(equal)")
  }

  /// A formula with its values for two choices of its variables.
  private struct Formula {
    let text: String
    let values: [Double]

    init(_ text: String, _ values: [Double]) { (self.text, self.values) = (text, values) }

    init(_ text: String, _ a: Formula, _ operation: (Double) -> Double) {
      self.init(text, a.values.map(operation))
    }

    init(_ text: String, _ a: Formula, _ b: Formula, _ operation: (Double, Double) -> Double) {
      self.init(text, zip(a.values, b.values).map(operation))
    }

    static func random(_ depth: Int, _ random: inout TestRandom) -> Formula {
      let leaves = [
        Formula("x", [0.73, 2.11]), Formula("y", [1.37, -0.58]), Formula("0.5", [0.5, 0.5]),
        Formula("\\pi", [Double.pi, Double.pi]),
      ]
      guard depth > 0, Int.random(in: 0...3, using: &random) > 0 else {
        let number = Double(Int.random(in: 0...12, using: &random))
        return Bool.random(using: &random)
          ? Formula("\(Int(number))", [number, number])
          : leaves[Int.random(in: 0..<4, using: &random)]
      }
      let a = self.random(depth - 1, &random)
      let b = self.random(depth - 1, &random)
      let power = Int.random(in: -3...3, using: &random)
      let root = Int.random(in: 2...4, using: &random)
      switch Int.random(in: 0...7, using: &random) {
      case 0: return Formula("\(a.text)+\(b.text)", a, b, +)
      case 1: return Formula("(\(a.text))-(\(b.text))", a, b, -)
      case 2: return Formula("\\frac{\(a.text)}{\(b.text)}", a, b, /)
      case 3: return Formula("\\sqrt{\(a.text)}", a) { $0.squareRoot() }
      case 4: return Formula("(\(a.text))(\(b.text))", a, b, *)
      case 5: return Formula("(\(a.text))^{\(power)}", a) { pow($0, Double(power)) }
      case 6: return Formula("-(\(a.text))", a) { -$0 }
      default:
        return Formula("\\sqrt[\(root)]{(\(a.text))^\(root)}", a) {
          pow(pow($0, Double(root)), 1 / Double(root))
        }
      }
    }

    /// Whether both have the same values, as far as a double tells: rounding is in the 16th digit,
    /// and a formula has some ten operations.
    func agrees(with other: Formula) -> Bool {
      zip(values, other.values).allSatisfy { a, b in
        a.isFinite == b.isFinite && (!a.isFinite || abs(a - b) <= 1e-9 * max(1, abs(a)))
      }
    }
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `random formulas that are accepted for one another have the same values`(seed: UInt64) throws
  {
    var random = TestRandom(state: seed)
    var accepted = 0
    for _ in 0..<20 {
      let formulas = (0..<60).map { _ in
        Formula.random(Int.random(in: 0...2, using: &random), &random)
      }
      for (place, a) in formulas.enumerated() {
        for b in formulas[..<place] where a.text != b.text {
          guard try accepts(a.text, as: b.text) else { continue }
          accepted += 1
          #expect(a.agrees(with: b), "\(a.text) for \(b.text): \(a.values), \(b.values)")
        }
      }
    }
    // Otherwise nothing would be shown.
    #expect(accepted > 50)
  }
}
