import Charts
import Microscope
import Training

/// Charts of the microscope's figures by arm of a comparison: means over the runs that have them. An arm
/// has the colour that it has in the comparison's other charts.
struct MicroscopeComparison {
  /// An arm with the records of its runs.
  private struct ArmRecords {
    let arm: Arm
    /// Runs that have a record; of a chart, those that it shows.
    let runs: [(name: String, record: MicroscopeRecord)]
  }

  /// All arms, also those without a record.
  private let arms: [ArmRecords]

  init(_ arms: [Arm]) {
    self.arms = arms.map { arm in
      ArmRecords(
        arm: arm, runs: arm.runs.compactMap { run in run.microscope.map { (run.name, $0) } })
    }
  }

  private var intervals: [String] {
    arms.lazy.flatMap(\.runs).first?.record.intervals ?? []
  }
  private var axis: Chart.Axis {
    .categories("probability of the token", intervals.map(NumberText.interval))
  }

  /// Returns the names of the runs that each arm's numbers are of.
  private func sources(_ shown: [ArmRecords]) -> String {
    let arms = shown.map { arm in
      let names = arm.runs.map(\.name).joined(separator: ", ")
      return arm.arm.name == names ? names : "\(arm.arm.name): \(names)"
    }
    return " Runs: " + arms.joined(separator: "; ") + "."
      + (shown.contains { $0.runs.count > 1 }
        ? " Bars: mean over an arm’s runs, whiskers: from the lowest to the highest." : "")
  }

  /// Returns bars of arms over the categories of an axis; `nil`: no run has such numbers.
  ///
  /// - Parameter values: gives a run's numbers, one a category.
  private func bars(_ values: (MicroscopeRecord) -> [Double]?) -> (
    layers: [Chart.Layer], shown: [ArmRecords]
  )? {
    var layers: [Chart.Layer] = []
    var shown: [ArmRecords] = []
    for (series, one) in arms.enumerated() {
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
      shown.append(ArmRecords(arm: one.arm, runs: having))
    }
    return shown.isEmpty ? nil : (layers, shown)
  }

  private var legend: [String] { arms.count > 1 ? arms.map(\.arm.name) : [] }

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
      ) { $0.figure1.a.share },
      chart(
        "d", "Fig. 1 (d): gradient norm of one interval",
        unit: "gradient norm, only the interval weighted",
        caption: "How hard each interval’s tokens alone pull on the parameters."
      ) { $0.figure1.d.norm },
    ].compactMap(\.self)
      + MicroscopeDirection.allCases.compactMap { part in
        chart(
          part.rawValue, part.title, unit: "share of tokens",
          caption: "Each run trained as it is configured. " + part.caption, level: 0.5
        ) { record in
          record.figure3.first.map { part.values(of: $0) }
        }
      } + [words].compactMap(\.self)
  }

  private var words: Chart? {
    let records = arms.flatMap(\.runs).compactMap(\.record.figure5)
    guard let first = records.first, !first.categories.isEmpty else { return nil }
    return bars { record in
      guard let words = record.figure5,
        let policy = words.policies.first(where: { $0.name == PolicyWords.asTrained })
          ?? words.policies.first
      else { return nil }
      return first.categories.map { category in
        guard let place = words.categories.firstIndex(of: category),
          policy.frequency.indices.contains(place)
        else { return .nan }
        return policy.frequency[place]
      }
    }.map { layers, shown in
      let lists = Set(records.map(\.words)).sorted()
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
