import Foundation
import FulcrumKernel
import JSON
import Microscope
import Runs
import Testing
import Training

@Suite struct WordRecordTests {
  private let lists: WordLists

  init() throws { lists = try WordLists(text: "So: [so]\nIf: [if, what if]", source: "w.yaml") }

  /// Two prompts with two completions each; the last of the first has no score, the first of the
  /// second no word.
  private var rollout: Rollout {
    let texts = ["so so it is", "so", "!", "what if not"]
    return Rollout(
      items: (0..<2).map { TaskItem(id: "\($0)", prompt: "p", answer: "", category: "c") },
      sequences: SequenceBatch(prompts: [[0], [0]], completions: [[[1], [1]], [[1], [1]]]),
      logProbabilities: [0, 0, 0, 0], isFinished: [true, true, true, true], completions: texts,
      scores: [
        [2, .nan, 1, -1].map { reward in
          reward.isNaN
            ? RewardScore.missing(.refused, reason: "no")
            : RewardScore.scored(reward, .correct)
        }
      ], rewardWeights: [1])
  }

  @Test func `a completion's frequency is per 1000 of its words`() throws {
    var survey = WordSurvey()
    let counter = WordCounter(lists)
    survey.add(rollout, counter: counter)
    survey.add(rollout, counter: counter)
    #expect(survey.prompts == [0, 1, 2, 3])
    #expect(survey.rewards == [2, -1, 2, -1])
    #expect(survey.frequencies(of: 0) == [500, 0, 500, 0])
    let third = 1000.0 / 3
    #expect(survey.frequencies(of: 1) == [0, third, 0, third])
  }

  private func survey(_ rows: [(prompt: Int, reward: Double, so: Double)]) -> WordSurvey {
    WordSurvey(
      rows.map {
        WordSurvey.Completion(prompt: $0.prompt, reward: $0.reward, frequencies: [$0.so, 7])
      })
  }

  private var words: WordRecord {
    WordRecord(
      lists, name: "as trained",
      survey: survey([(0, 1, 1), (0, 3, 2), (0, 2, 3), (1, 4, 4), (1, 4, 4), (2, 0, 9)]),
      others: [("at start", survey([(0, 2, 6)]))])
  }

  @Test func `a policy's means are over prompts, its spread their standard error`() {
    let policies = words.policies
    #expect(policies.map(\.name) == ["as trained", "at start"])
    #expect(policies.map(\.completions) == [6, 1])
    // Of the prompts: rewards 2, 4, 0; frequencies 2, 4, 9 around 5, so that Σ d² / 2 = 13.
    #expect(policies[0].reward == 2)
    #expect(policies[0].frequency == [5, 7])
    #expect(abs(policies[0].spread[0] - (13.0 / 3).squareRoot()) < 1e-12)
    #expect(policies[0].spread[1] == 0)
    #expect(policies[1].frequency == [6, 7])
    #expect(policies[1].spread.allSatisfy { $0.isNaN })
  }

  @Test func `correlations are over completions`() {
    let words = words
    // x = 1, 2, 3, 4, 4, 9 and y = 1, 3, 2, 4, 4, 0: Σ dx dy = −26/3, Σ dx² = 233/6, Σ dy² = 40/3.
    let r = -26.0 / 3 / (233.0 / 6 * 40 / 3).squareRoot()
    #expect(abs(words.correlation[0] - r) < 1e-12)
    // Within the first prompt −1, 0, 1 and −1, 1, 0; the others don't vary.
    #expect(abs(words.within[0] - 0.5) < 1e-12)
    #expect(words.low[0] < words.correlation[0] && words.correlation[0] < words.high[0])
    #expect(words.bins[0].reduce(0) { $0 + $1.completions } == 6)
    #expect(words.correlation[1].isNaN)
    #expect(words.low[1].isNaN)
    #expect(words.bins[1].map(\.frequency) == [7])
    #expect(words.bins[1].map(\.reward) == [14.0 / 6])
    #expect(words.bins[1].map(\.completions) == [6])
  }

  @Test func `no completion leaves nothing to tell`() {
    let none = WordRecord(lists, name: "as configured", survey: WordSurvey())
    #expect(none.policies[0].reward.isNaN)
    #expect(none.policies[0].frequency.allSatisfy { $0.isNaN })
    #expect(none.correlation[0].isNaN)
    #expect(none.bins[0].isEmpty)
  }

  private var record: MicroscopeRecord {
    get throws {
      MicroscopeRecord(
        MicroscopeSubject(
          config: "hand.yaml", checkpoint: "", step: 0, optimizer: .sgd, learningRate: 0.5,
          rollouts: .fresh),
        try HandBatch.look(HandBatch.microscope(learningRate: 0.5)), words: words)
    }
  }

  @Test func `the file has what the documentation says, and null for what can't be told`() throws {
    let object = try JSONSerialization.jsonObject(with: Data(try record.text.utf8))
    let figure = try #require((object as? [String: Any])?["figure5"] as? [String: Any])
    #expect(
      Set(figure.keys) == [
        "words", "unit", "categories", "correlation", "low", "high", "within", "bins", "arms",
      ])
    #expect(figure["words"] as? String == "w.yaml")
    #expect(figure["unit"] as? String == "per 1000 words")
    #expect(figure["categories"] as? [String] == ["So", "If"])
    for key in ["correlation", "low", "high", "within"] {
      let values = try #require(figure[key] as? [Any])
      #expect(values.count == 2)
      #expect(values[0] is Double)
      #expect(values[1] is NSNull)
    }
    let bins = try #require(figure["bins"] as? [[[String: Double]]])
    #expect(bins[1] == [["frequency": 7, "reward": 14.0 / 6, "completions": 6]])
    let arms = try #require(figure["arms"] as? [[String: Any]])
    #expect(arms.map { $0["arm"] as? String } == ["as trained", "at start"])
    for arm in arms {
      #expect(Set(arm.keys) == ["arm", "completions", "reward", "frequency", "spread"])
    }
    #expect(arms[1]["frequency"] as? [Double] == [6, 7])
    #expect((arms[1]["spread"] as? [Any])?.allSatisfy { $0 is NSNull } == true)
  }

  @Test func `the table has a line for each category`() throws {
    let text = MicroscopeTable(try record).text
    let lines = text.split(separator: "\n")
    let first = try #require(lines.firstIndex { $0.hasPrefix("Fig. 5") })
    func cells(_ line: Substring) -> [Substring] { line.split(separator: " ") }
    #expect(
      cells(lines[first]) == [
        "Fig.", "5,", "words", "against", "reward", "per", "1000", "r", "from", "to", "in", "a",
        "prompt", "at", "start",
      ])
    let r = String(format: "%.4g", words.correlation[0])
    #expect(cells(lines[first + 1])[...2] == ["So", "5", r[...]])
    #expect(cells(lines[first + 1]).suffix(2) == ["0.5", "6"])
    #expect(cells(lines[first + 2]) == ["If", "7", "none", "none", "none", "none", "7"])
    #expect(
      lines[first + 3]
        == "    words: w.yaml; mean reward: 2 as trained (6 completions), 2 at start (1 completion)"
    )
  }
}
