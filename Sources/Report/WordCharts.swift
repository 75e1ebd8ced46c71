import Charts

/// The paper's Fig. 5: categories of words against reward, and how often an arm uses them.
struct WordCharts {
  let record: WordRecord

  private var rows: Chart.Axis { .categories("category of words", record.categories) }
  private var source: String { record.words.map { " Words: \($0)." } ?? "" }

  var charts: [Chart] {
    record.categories.isEmpty ? [] : [correlation, reward, frequency].compactMap(\.self)
  }

  private func value(_ numbers: Numbers?, _ category: Int) -> Double {
    guard let values = numbers?.values, values.indices.contains(category) else { return .nan }
    return values[category]
  }

  private var correlation: Chart? {
    guard record.correlation != nil else { return nil }
    let places = record.categories.indices
    let all = places.map { category in
      Chart.Interval(
        value: value(record.correlation, category), low: value(record.low, category),
        high: value(record.high, category))
    }
    let within = record.within.map { within in
      places.map { category in
        let r = value(within, category)
        return Chart.Interval(value: r, low: r, high: r)
      }
    }
    return Chart(
      id: "words-correlation", title: "Fig. 5: words against reward",
      caption: "Right of 0: completions with more of these words have a higher reward."
        + " Whiskers: 95 % interval (Fisher)."
        + (within == nil
          ? ""
          : " Within prompts: each prompt’s mean is taken off both, so that easy prompts don’t count.")
        + source,
      x: .numbers("Pearson’s r of frequency and reward"), y: rows,
      layers: [.level(0), .intervals(all, series: 0)]
        + (within.map { [.intervals($0, series: 1)] } ?? []),
      legend: within == nil ? [] : ["all completions", "within prompts"])
  }

  private var reward: Chart? {
    let lines = (record.bins ?? []).prefix(record.categories.count).map { bins in
      bins.compactMap { bin -> Chart.Point? in
        guard let frequency = bin.frequency, let reward = bin.reward else { return nil }
        return Chart.Point(x: frequency, y: reward)
      }
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
    guard let arms = record.arms, !arms.isEmpty else { return nil }
    let names = arms.map { arm in
      arm.arm
        + (arm.reward.map { $0.isFinite ? ", reward \(NumberText.short($0))" : "" } ?? "")
    }
    return Chart(
      id: "words-frequency", title: "Fig. 5: frequency by arm",
      caption: "How often each arm’s policy uses the words, mean over its completions."
        + (arms.contains { $0.spread != nil } ? " Whiskers: a standard error over prompts." : "")
        + source,
      x: .numbers(record.frequencyLabel, including: [0]), y: rows,
      layers: arms.enumerated().map { series, arm in
        .bars(
          record.categories.indices.map { value(arm.frequency, $0) }, series: series,
          whiskers: record.categories.indices.map { category in
            let (mean, error) = (value(arm.frequency, category), value(arm.spread, category))
            return error.isFinite
              ? Chart.Interval(value: mean, low: mean - error, high: mean + error) : nil
          })
      }, legend: names)
  }

  var tables: [any Markup] {
    let arms = record.arms ?? []
    let rows = record.categories.enumerated().map { category, name in
      [name]
        + [record.correlation, record.low, record.high, record.within].map {
          NumberText.short(value($0, category), digits: 2)
        } + arms.map { NumberText.short(value($0.frequency, category)) }
    }
    guard !rows.isEmpty else { return [] }
    return PageTable.folded(
      "The same in a table",
      [
        PageTable.element(
          head: ["category", "r", "from", "to", "r within prompts"] + arms.map(\.arm), rows: rows,
          numeric: Set(1...4 + max(0, arms.count)),
          caption: "Words: Pearson’s r with the reward, and \(record.frequencyLabel) by arm")
      ])
  }
}
