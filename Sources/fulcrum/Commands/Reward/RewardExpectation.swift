import FulcrumKernel
import JSON
import PluginChecks
import Training

/// Holds what a line of a file expects of a reward: `expected_reward`, a number or null for no score, and
/// `expected_outcome`.
struct RewardExpectation: Sendable {
  /// The reward; `nil` within: no score; `nil`: any.
  private let reward: Double??
  /// The outcome; `nil`: any.
  private let outcome: String?

  /// Rewards come from files of decimals, so their last bits are nobody's promise.
  private static let tolerance = 1e-6

  /// `nil` for a line that expects nothing.
  ///
  /// - Throws: `.data` at the line for a value of another type.
  init?(_ line: JSONValue, at place: String) throws(FulcrumError) {
    let unknown = line.members?.first {
      $0.key.hasPrefix("expect") && !["expected_reward", "expected_outcome"].contains($0.key)
    }
    if let unknown {
      throw FulcrumError(
        .data, "expected \"expected_reward\" or \"expected_outcome\", got \"\(unknown.key)\"",
        at: place,
        hint: "under another name it would be left out unseen")
    }
    switch line["expected_reward"] {
    case nil: reward = nil
    case .null?: reward = .some(nil)
    case let value?:
      guard let number = value.double else {
        throw FulcrumError(
          .data, "expected a number or null under \"expected_reward\", got \(value.excerpt)",
          at: place)
      }
      reward = number
    }
    outcome = line["expected_outcome"]?.text
    if outcome == nil, let value = line["expected_outcome"] {
      throw FulcrumError(
        .data, "expected a text under \"expected_outcome\", got \(value.excerpt)", at: place,
        hint: "for instance "
          + RewardOutcome.standard.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    }
    if reward == nil, outcome == nil { return nil }
  }

  /// Tells whether a score is as expected.
  private func fits(_ score: RewardScore) -> Bool {
    if let outcome, outcome != score.outcome.rawValue { return false }
    switch (reward, score.value) {
    case (nil, _), (.some(nil), nil): return true
    case (.some(let expected?), let value?):
      return abs(value - expected) <= Self.tolerance * max(1, abs(expected))
    default: return false
    }
  }

  private var text: String {
    var parts: [String] = []
    if let reward { parts.append(reward.map { "reward \($0)" } ?? "no score") }
    if let outcome { parts.append("outcome '\(outcome)'") }
    return parts.joined(separator: " and ")
  }

  /// Scores every record, and compares with what its line expects.
  ///
  /// - Returns: `.ok`, with the number of samples and of expectations; `.fault`, quoting the first line that
  ///   isn't met.
  /// - Throws: the reward's own error, with the line.
  static func check(
    _ records: [ExpectedSample], by reward: any RewardFn
  ) throws(FulcrumError) -> CheckFinding {
    var unmet: [String] = []
    var expected = 0
    for record in records {
      let score: RewardScore
      do throws(FulcrumError) {
        score = try reward.score(record.sample)
      } catch {
        throw error.within(record.place)
      }
      guard let expectation = record.expectation else { continue }
      expected += 1
      guard !expectation.fits(score) else { continue }
      let got = score.value.map { "reward \($0)" } ?? "no score"
      let completion = record.sample.completion.unicodeScalars.prefix(40)
        .map { $0.escaped(asASCII: true) }.joined()
      unmet.append(
        "\(record.place): expected \(expectation.text), got \(got) and outcome"
          + " '\(score.outcome.rawValue)' for \"\(completion)\"")
    }
    let counts = Counted.text(records.count, "sample") + ", \(expected) with an expectation"
    guard let first = unmet.first else { return .ok(counts) }
    return .fault(first + (unmet.count > 1 ? "; so it is with \(unmet.count) of \(counts)" : ""))
  }
}

/// Holds a sample of a file with what its line expects.
struct ExpectedSample: Sendable {
  let sample: RewardSample
  /// The sample's place in the file: `file:line`.
  let place: String
  let expectation: RewardExpectation?

  init(_ record: RewardRecord) {
    (sample, place, expectation) = (record.sample, record.place, record.expectation)
  }
}
