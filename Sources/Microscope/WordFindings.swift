import FulcrumKernel
import JSON
import Runs
import Training

/// Fig. 5: what categories of words have to do with reward, and how often policies say them.
///
/// - Source: arXiv 2505.12929, Fig. 5.
package struct WordFindings: Sendable {
  /// Of the first arm's completions.
  package struct Category: Sendable {
    package let name: String
    /// Pearson's r of a completion's frequency with its reward, and its 95 % interval.
    package let correlation: Double
    package let low: Double
    package let high: Double
    /// The same with each prompt's mean taken off both.
    package let within: Double
    package let bins: [FrequencyBin]
  }

  /// One policy's completions.
  package struct Arm: Sendable {
    package let name: String
    package let completions: Int
    /// Mean over prompts of the prompt's mean; NaN: there are no completions.
    package let reward: Double
    /// The same of each category's frequency, per 1000 words.
    package let frequency: [Double]
    /// Standard error of `frequency` over prompts; NaN for fewer than two.
    package let spread: [Double]

    init(_ name: String, _ survey: WordSurvey, categories: Int) {
      self.name = name
      completions = survey.completions.count
      let prompts = Dictionary(grouping: survey.completions, by: \.prompt)
        .sorted { $0.key < $1.key }.map(\.value)
      func means(_ value: (WordSurvey.Completion) -> Double) -> [Double] {
        prompts.map { Statistics.mean($0.map(value)) }
      }
      func mean(_ values: [Double]) -> Double { values.isEmpty ? .nan : Statistics.mean(values) }
      reward = mean(means(\.reward))
      let columns = (0..<categories).map { category in means { $0.frequencies[category] } }
      frequency = columns.map(mean)
      spread = columns.map { column in
        column.count < 2
          ? .nan : Statistics.deviation(column) / Double(column.count).squareRoot()
      }
    }
  }

  package static let unit = "per 1000 words"

  /// Where the lists come from.
  package let source: String
  package let categories: [Category]
  package let arms: [Arm]

  /// - Parameters:
  ///   - survey: of the policy under the microscope.
  ///   - others: other policies' completions of the same prompts.
  package init(
    _ lists: WordLists, name: String, survey: WordSurvey,
    others: [(name: String, survey: WordSurvey)] = []
  ) {
    source = lists.source
    let rewards = survey.rewards
    categories = lists.categories.enumerated().map { index, category in
      let frequencies = survey.frequencies(of: index)
      let r = Correlation.pearson(frequencies, rewards)
      let (low, high) = Correlation.interval(r, count: rewards.count)
      return Category(
        name: category.name, correlation: r, low: low, high: high,
        within: Correlation.pearson(frequencies, rewards, within: survey.prompts),
        bins: FrequencyBin.bins(frequencies: frequencies, rewards: rewards))
    }
    arms = ([(name, survey)] + others).map { name, survey in
      Arm(name, survey, categories: lists.categories.count)
    }
  }

  /// `figure5` of `microscope.json`.
  package var json: JSONLine {
    func list(_ values: [Double]) -> JSONLine.Value { .numbers(values) }
    let bins = categories.map { category in
      JSONLine.Value.list(
        category.bins.map { bin in
          .object(
            JSONLine([
              ("frequency", .number(bin.frequency)), ("reward", .number(bin.reward)),
              ("completions", .number(Double(bin.completions))),
            ]))
        })
    }
    let arms = arms.map { arm in
      JSONLine.Value.object(
        JSONLine([
          ("arm", .text(arm.name)), ("completions", .number(Double(arm.completions))),
          ("reward", .number(arm.reward)), ("frequency", list(arm.frequency)),
          ("spread", list(arm.spread)),
        ]))
    }
    return JSONLine([
      ("words", .text(source)), ("unit", .text(Self.unit)),
      ("categories", .list(categories.map { .text($0.name) })),
      ("correlation", list(categories.map(\.correlation))), ("low", list(categories.map(\.low))),
      ("high", list(categories.map(\.high))), ("within", list(categories.map(\.within))),
      ("bins", .list(bins)), ("arms", .list(arms)),
    ])
  }
}
