import Charts
import Microscope

/// Charts of the paper's Fig. 5: categories of words against reward, and how often policies use them.
struct WordCharts {
  let record: WordRecord

  private var rows: Chart.Axis { .categories("category of words", record.categories) }
  private var source: String { " Words: \(record.words)." }

  var charts: [Chart] {
    record.categories.isEmpty ? [] : [correlation, reward, frequency].compactMap(\.self)
  }

  private func value(_ numbers: [Double], _ category: Int) -> Double {
    numbers.indices.contains(category) ? numbers[category] : .nan
  }

  private var correlation: Chart {
    let places = record.categories.indices
    let all = places.map { category in
      Chart.Interval(
        value: value(record.correlation, category), low: value(record.low, category),
        high: value(record.high, category))
    }
    let within = places.map { category in
      let r = value(record.within, category)
      return Chart.Interval(value: r, low: r, high: r)
    }
    return Chart(
      id: "words-correlation", title: "Fig. 5: words against reward",
      caption: "Right of 0: completions with more of these words have a higher reward."
        + " Whiskers: 95 % interval (Fisher)."
        + " Within prompts: each prompt’s mean is taken off both, so that easy prompts don’t count."
        + source,
      x: .numbers("Pearson’s r of frequency and reward", within: -1...1), y: rows,
      layers: [.level(0), .intervals(all, series: 0), .intervals(within, series: 1)],
      legend: ["all completions", "within prompts"])
  }

  private var reward: Chart? {
    let lines = record.bins.prefix(record.categories.count).map { bins in
      bins.map { Chart.Point(x: $0.frequency, y: $0.reward) }
    }
    guard lines.contains(where: { !$0.isEmpty }) else { return nil }
    return Chart(
      id: "words-reward", title: "Fig. 5: reward by frequency",
      caption:
        "For each category, completions in order of its frequency, in up to five parts. A dot is"
        + " a part: its mean frequency and its mean reward.",
      x: .numbers(record.frequencyLabel), y: .numbers("mean reward of a completion"),
      layers: lines.enumerated().map { .line($1, series: $0) }, legend: record.categories)
  }

  private var frequency: Chart? {
    let policies = record.policies
    guard !policies.isEmpty else { return nil }
    let names = policies.map { policy in
      policy.name + (policy.reward.isFinite ? ", reward \(NumberText.short(policy.reward))" : "")
    }
    return Chart(
      id: "words-frequency", title: "Fig. 5: frequency by arm",
      caption: "How often each arm’s policy uses the words, mean over its completions."
        + " Whiskers: a standard error over prompts." + source,
      x: .numbers(record.frequencyLabel, including: [0]), y: rows,
      layers: policies.enumerated().map { series, policy in
        .bars(
          record.categories.indices.map { value(policy.frequency, $0) }, series: series,
          whiskers: record.categories.indices.map { category in
            let (mean, error) = (value(policy.frequency, category), value(policy.spread, category))
            return error.isFinite
              ? Chart.Interval(value: mean, low: mean - error, high: mean + error) : nil
          })
      }, legend: names)
  }

  var tables: [any Markup] {
    let rows = record.categories.enumerated().map { category, name in
      [name]
        + [record.correlation, record.low, record.high, record.within].map {
          NumberText.short(value($0, category), digits: 2)
        } + record.policies.map { NumberText.short(value($0.frequency, category)) }
    }
    guard !rows.isEmpty else { return [] }
    return PageTable.folded(
      "The same in a table",
      [
        PageTable.element(
          head: ["category", "r", "from", "to", "r within prompts"] + record.policies.map(\.name),
          rows: rows,
          numeric: Set(1...4 + record.policies.count),
          caption: "Words: Pearson’s r with the reward, and \(record.frequencyLabel) by arm")
      ])
  }
}

extension WordRecord {
  /// The title of an axis of frequencies.
  var frequencyLabel: String { "frequency, " + unit }
}
