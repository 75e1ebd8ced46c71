import Charts
import Trainer

/// The microscope's figures by arm of a comparison: means over the runs that have them. An arm has the
/// colour that it has in the comparison's other charts.
struct MicroscopeComparison {
  private struct Seen {
    let arm: Arm
    /// Those that have a record, or that a chart shows.
    let runs: [(name: String, record: MicroscopeRecord)]
  }

  /// All arms.
  private let seen: [Seen]

  init(_ arms: [Arm]) {
    seen = arms.map { arm in
      Seen(
        arm: arm, runs: arm.runs.compactMap { run in run.microscope.map { (run.name, $0) } })
    }
  }

  private var intervals: [String] {
    seen.lazy.flatMap(\.runs).first?.record.intervals ?? []
  }
  private var axis: Chart.Axis {
    .categories("probability of the token", intervals.map(NumberText.interval))
  }

  /// Which runs each arm's numbers are of.
  private func sources(_ shown: [Seen]) -> String {
    let arms = shown.map { arm in
      let names = arm.runs.map(\.name).joined(separator: ", ")
      return arm.arm.name == names ? names : "\(arm.arm.name): \(names)"
    }
    return " Runs: " + arms.joined(separator: "; ") + "."
      + (shown.contains { $0.runs.count > 1 }
        ? " Bars: mean over an arm’s runs, whiskers: from the lowest to the highest." : "")
  }

  /// Bars of arms over the categories of an axis; `nil`: no run has such numbers.
  ///
  /// - Parameter values: a run's, one a category.
  private func bars(_ values: (MicroscopeRecord) -> [Double]?) -> (
    layers: [Chart.Layer], shown: [Seen]
  )? {
    var layers: [Chart.Layer] = []
    var shown: [Seen] = []
    for (series, one) in seen.enumerated() {
      let having = one.runs.filter { values($0.record) != nil }
      let numbers = having.compactMap { values($0.record) }
      guard let count = numbers.map(\.count).max(), count > 0 else { continue }
      let columns = (0..<count).map { place in
        numbers.compactMap { $0.indices.contains(place) ? $0[place] : nil }.filter(\.isFinite)
      }
      layers.append(
        .bars(
          columns.map { $0.isEmpty ? nil : Statistics.mean($0) }, series: series,
          whiskers: columns.map { column in
            guard column.count > 1, let low = column.min(), let high = column.max() else {
              return nil
            }
            return Chart.Interval(value: Statistics.mean(column), low: low, high: high)
          }))
      shown.append(Seen(arm: one.arm, runs: having))
    }
    return shown.isEmpty ? nil : (layers, shown)
  }

  private var legend: [String] { seen.count > 1 ? seen.map(\.arm.name) : [] }

  private func chart(
    _ id: String, _ title: String, unit: String, caption: String, level: Double? = nil,
    _ values: (MicroscopeRecord) -> [Double]?
  ) -> Chart? {
    bars { record in
      // Another version's intervals would be other columns.
      record.intervals == intervals ? values(record) : nil
    }.map { layers, shown in
      Chart(
        id: "microscope-" + id, title: title, caption: caption + sources(shown), x: axis,
        y: .numbers(unit, including: level == nil ? [0] : [0, 1]),
        layers: layers + (level.map { [.level($0)] } ?? []), legend: legend)
    }
  }

  var charts: [Chart] {
    [
      chart(
        "a", "Fig. 1 (a): tokens by probability", unit: "share of tokens",
        caption: "How many tokens lie in each interval."
      ) { $0.figure1?.a?.share.values },
      chart(
        "d", "Fig. 1 (d): gradient norm of one interval",
        unit: "gradient norm, only the interval weighted",
        caption: "How hard each interval’s tokens alone pull on the parameters."
      ) { $0.figure1?.d?.norm.values },
    ].compactMap(\.self)
      + MicroscopeDirection.allCases.compactMap { part in
        chart(
          part.rawValue, part.title, unit: "share of tokens",
          caption: "Each run trained as it is configured. " + part.caption, level: 0.5
        ) { record in
          record.figure3?.first
            .map { part.values(of: $0).values }
        }
      } + [words].compactMap(\.self)
  }

  private var words: Chart? {
    let records = seen.flatMap(\.runs).compactMap(\.record.figure5)
    guard let first = records.first, !first.categories.isEmpty else { return nil }
    return bars { record in
      guard let words = record.figure5, let arms = words.arms,
        let arm = arms.first(where: { $0.arm == WordRecord.Arm.asTrained }) ?? arms.first
      else { return nil }
      return first.categories.map { category in
        guard let place = words.categories.firstIndex(of: category),
          arm.frequency.values.indices.contains(place)
        else { return .nan }
        return arm.frequency.values[place]
      }
    }.map { layers, shown in
      let lists = Set(records.map { $0.words ?? "–" }).sorted()
      return Chart(
        id: "words-frequency", title: "Fig. 5: frequency of words",
        caption: "How often each run’s policy uses the words of each category."
          + (lists.count > 1
            ? " The lists differ: \(lists.joined(separator: "; "))." : " Words: \(lists[0]).")
          + sources(shown), x: .numbers(first.frequencyLabel, including: [0]),
        y: .categories("category of words", first.categories), layers: layers,
        legend: legend)
    }
  }
}
