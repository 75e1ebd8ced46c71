import FulcrumKernel
import Glibc
import PluginTesting
import Testing

/// 1 for a completion that holds the answer; an answer must not be empty.
struct SoundReward: RewardFn {
  static let manual = ideaManual

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    guard !sample.answer.isEmpty else {
      throw FulcrumError(.data, "expected an answer, got an empty text")
    }
    let isRight = sample.completion.contains(sample.answer)
    return .scored(isRight ? 1 : 0, isRight ? .correct : .wrong)
  }
}

/// Needs an answer as `SoundReward` does, and says so beforehand as its kind has it.
struct AnswerReward<Kind: AnswerKind>: AnswerCheckingReward {
  static var manual: ComponentManual { ideaManual }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    guard sample.answer.isEmpty else { return .scored(0, .wrong) }
    throw FulcrumError(.data, "expected an answer, got an empty text")
  }

  func check(_ item: TaskItem) throws(FulcrumError) {
    guard Kind.refuses(item.answer) else { return }
    throw FulcrumError(.data, "expected an answer, got '\(item.answer)'")
  }
}

protocol AnswerKind { static func refuses(_ answer: String) -> Bool }
enum SoundKind: AnswerKind { static func refuses(_ answer: String) -> Bool { answer.isEmpty } }
enum LaxKind: AnswerKind { static func refuses(_ answer: String) -> Bool { false } }
enum StrictKind: AnswerKind { static func refuses(_ answer: String) -> Bool { true } }

/// A reward function that writes to memory which its calls share.
private final class SharedScratch: @unchecked Sendable {
  private var length = 0

  func length(of text: String) -> Int {
    length = text.utf8.count
    sched_yield()
    return length
  }
}

@Suite struct RewardContractTests {
  private static let samples = [
    RewardSample(prompt: "1 + 1?", completion: "It is 2.", answer: "2"),
    RewardSample(prompt: "a or b?", completion: "b", answer: "b"),
  ]

  private static func checks(
    isBatchReversed: Bool = false, samples: [RewardSample] = [],
    _ reward: @escaping @Sendable (RewardSample) throws(FulcrumError) -> Double
  ) -> [ContractCheck] {
    PluginContract.checks(reward: ideaManual, [:], samples: samples) { _, _ in
      RewardOf(isBatchReversed: isBatchReversed, reward: reward)
    }
  }

  private static func without(
    _ outcome: RewardOutcome, reason: String
  ) -> [ContractCheck] {
    PluginContract.checks(reward: ideaManual, [:], samples: []) { _, _ in
      RewardOf { _ in .missing(outcome, reason: reason) }
    }
  }
  private static let missing =
    "a completion without a score has an outcome that says so, and a reason"

  static let broken = [
    Broken(
      "gives no reason for no score", missing,
      "expected an outcome of error, refused or time-out and a reason where there is no score, got"
        + " 'refused' and '' for the completion", without(.refused, reason: "")),
    Broken(
      "calls a completion without a score wrong", missing,
      "expected an outcome of error, refused or time-out and a reason where there is no score, got"
        + " 'wrong' and 'no' for the completion", without(.wrong, reason: "no")),
    Broken(
      "can't use an answer that it was given", "the given samples are scored",
      "expected the sample the completion \"b\" of 1 bytes to be accepted, got: expected a number,"
        + " got 'b'",
      checks(samples: samples) { (sample) throws(FulcrumError) in
        if sample.answer == "b" { throw FulcrumError(.data, "expected a number, got 'b'") }
        return 0
      }),
    Broken(
      "throws on a completion without text",
      "arbitrary text in the completion is scored, never an error",
      "expected a score for the completion \"\" of 0 bytes, got the error: expected some text",
      checks { (sample) throws(FulcrumError) in
        if sample.completion.isEmpty { throw FulcrumError(.data, "expected some text") }
        return 1
      }),
    Broken(
      "throws on what looks like an escape",
      "arbitrary text in the completion is scored, never an error",
      "expected a score for the completion \"\\\\u\" of 2 bytes, got the error: a bad escape",
      checks(samples: samples) { (sample) throws(FulcrumError) in
        if sample.completion.hasSuffix("\\u") { throw FulcrumError(.data, "a bad escape") }
        return 1
      }),
    Broken(
      "divides by the completion's length", "rewards and their parts are finite",
      "expected a finite reward for the completion \"\" of 0 bytes, got inf",
      checks { 1 / Double($0.completion.utf8.count) }),
    Broken(
      "doesn't say which answer it can't use", "an answer that can't be used is named in the error",
      "expected an error that names the answer 'yes', got: expected a number",
      checks { (sample) throws(FulcrumError) in
        guard Double(sample.answer) != nil else { throw FulcrumError(.data, "expected a number") }
        return 0
      }),
    Broken(
      "returns a batch's scores in another order",
      "a batch is scored as its samples are, in order",
      "expected the same bits from single calls and from a batch, got other result of sample 0,"
        + " element 0: ",
      checks(isBatchReversed: true) { Double($0.completion.utf8.count) }),
    Broken(
      "shares memory among its calls",
      "calls from several threads at once give what single calls give",
      "expected the same bits alone and beside calls from other threads, got other result of sample",
      {
        let scratch = SharedScratch()
        return checks { Double(scratch.length(of: $0.completion)) }
      }()),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  private static let answers =
    "an answer passes its check if it is a given one, and only if it can be scored"

  @Test(arguments: [
    Broken(
      "lets an answer pass that it can't use", answers,
      "expected '' to be refused, as it is in scoring; it passed",
      PluginContract.checks(for: AnswerReward<LaxKind>.self, samples: samples)),
    Broken(
      "refuses an answer that it was given", answers,
      "expected the check of the answer '2' to be accepted, got: expected an answer, got '2'",
      PluginContract.checks(for: AnswerReward<StrictKind>.self, samples: samples)),
  ])
  func `a check of answers that doesn't fit the scores is caught`(broken: Broken) throws {
    try broken.expectCaught()
  }

  @Test func `a check of answers that fits the scores passes`() {
    let checks = PluginContract.checks(for: AnswerReward<SoundKind>.self, samples: Self.samples)
    #expect(checks.last?.name == Self.answers)
    expectKept(checks)
  }

  @Test func `a sound reward passes, with samples and without`() {
    expectKept(PluginContract.checks(for: SoundReward.self))
    expectKept(PluginContract.checks(for: SoundReward.self, samples: Self.samples))
    expectKept(Self.without(.timeOut, reason: "too slow"))
    expectKept(Self.checks { _ in 1 })
  }

  @Test func `every check has its mistake`() {
    let names = PluginContract.checks(for: SoundReward.self).map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set((Self.broken + CommonContractTests.broken).map(\.check)))
  }
}
