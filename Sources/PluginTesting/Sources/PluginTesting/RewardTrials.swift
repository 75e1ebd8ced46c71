import FulcrumKernel

/// Holds the samples that a reward function is tried with.
struct RewardTrials: Sendable {
  /// The author's own samples.
  let given: [RewardSample]

  /// Those of the author's samples, or else some of several forms.
  var answers: [String] {
    guard !given.isEmpty else { return ["42", "yes", "(1) Ann is a knight", "{\"a\": [1]}", ""] }
    var seen: Set<String> = []
    return given.map(\.answer).filter { seen.insert($0).inserted }
  }

  /// Every text of the corpus with an answer; the first text is a plain one.
  func samples(with answer: String) -> [RewardSample] {
    ([TextCorpus.plain] + TextCorpus.texts(mutating: given.map(\.completion))).map {
      sample($0, answer)
    }
  }

  func plain(with answer: String) -> RewardSample { sample(TextCorpus.plain, answer) }

  /// The given samples, and the corpus with the first answer.
  var all: [RewardSample] { given + samples(with: answers[0]) }

  /// The corpus's short texts with each answer: for what is tried often.
  var few: [RewardSample] {
    answers.flatMap { answer in
      samples(with: answer).filter { $0.completion.utf8.count < 200 }
    }
  }

  private func sample(_ completion: String, _ answer: String) -> RewardSample {
    let model = given.first { $0.answer == answer }
    let length = completion.utf8.count
    return RewardSample(
      prompt: model?.prompt ?? "Say it.", completion: completion, answer: answer,
      isFinished: length < 1024, tokenCount: min(length, 1024), tokenLimit: 1024)
  }
}

/// A score, or the error in its place.
enum RewardResult {
  case score(RewardScore)
  case refusal(FulcrumError)
}

/// Results of samples, to be compared.
struct RewardTrace: Sendable {
  private(set) var trace = Trace()
  private var count = 0

  mutating func add(_ result: RewardResult) {
    let name = "result of sample \(count)"
    count += 1
    switch result {
    case .score(let score):
      trace.add(name, [score.value ?? .nan] + score.parts.map(\.value))
      trace.add(
        "outcome of sample \(count - 1)",
        texts: [score.outcome.rawValue, score.reason ?? ""] + score.parts.map(\.name))
    case .refusal(let error):
      trace.add(name, [] as [Double])
      trace.add("outcome of sample \(count - 1)", texts: [error.description])
    }
  }
}
