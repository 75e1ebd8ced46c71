import FulcrumKernel
import JSON
import Training

/// Categories of words against reward, and how often policies use them: `figure5` of `microscope.json`.
///
/// Lists are by category where nothing else is said. NaN, null in the file: one of two columns doesn't
/// vary, or there are too few values.
/// - Source: arXiv 2505.12929, Fig. 5.
package struct WordRecord: Codable, Sendable {
  /// The origin of the lists of words.
  package var words: String
  package var unit: String
  /// Names of the categories.
  package var categories: [String]
  /// Pearson's r of a completion's frequency with its reward, over the first policy's completions.
  @NaNAsNull package var correlation: [Double]
  /// Lower ends of the 95 % intervals of r.
  @NaNAsNull package var low: [Double]
  /// Upper ends of the 95 % intervals of r.
  @NaNAsNull package var high: [Double]
  /// Pearson's r with each prompt's mean taken off both columns.
  @NaNAsNull package var within: [Double]
  package var bins: [[FrequencyBin]]
  /// Policies whose completions were counted; the one under the microscope comes first.
  package var policies: [PolicyWords]

  enum CodingKeys: String, CodingKey {
    case words, unit, categories, correlation, low, high, within, bins
    case policies = "arms"
  }

  package static let unit = "per 1000 words"

  /// - Parameters:
  ///   - name: the name of the policy under the microscope.
  ///   - survey: that policy's completions.
  ///   - others: other policies' completions of the same prompts.
  package init(
    _ lists: WordLists, name: String, survey: WordSurvey,
    others: [(name: String, survey: WordSurvey)] = []
  ) {
    words = lists.source
    unit = Self.unit
    categories = lists.categories.map(\.name)
    let rewards = survey.rewards
    let columns = lists.categories.indices.map { survey.frequencies(of: $0) }
    let correlations = columns.map { Correlation.pearson($0, rewards) }
    let intervals = correlations.map { Correlation.interval($0, count: rewards.count) }
    correlation = correlations
    low = intervals.map(\.low)
    high = intervals.map(\.high)
    within = columns.map { Correlation.pearson($0, rewards, within: survey.prompts) }
    bins = columns.map { FrequencyBin.bins(frequencies: $0, rewards: rewards) }
    policies = ([(name, survey)] + others).map { name, survey in
      PolicyWords(name, survey, categories: lists.categories.count)
    }
  }
}

/// Frequencies of the categories in one policy's completions.
package struct PolicyWords: Codable, Sendable {
  /// The name of the policy that a run trained, as against its start.
  package static let asTrained = "as trained"
  /// The name of the policy with which a run began.
  package static let atStart = "at start"

  package var name: String
  package var completions: Int
  /// The mean reward over prompts of each prompt's mean; NaN: there are no completions.
  @NaNAsNull package var reward: Double
  /// The same mean of each category's frequency.
  @NaNAsNull package var frequency: [Double]
  /// Standard errors of `frequency` over prompts; NaN for fewer than two.
  @NaNAsNull package var spread: [Double]

  enum CodingKeys: String, CodingKey {
    case name = "arm"
    case completions, reward, frequency, spread
  }

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
