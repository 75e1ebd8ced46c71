import Charts
import Training

/// Makes tables of the settings and libraries of runs, and of their last numbers.
enum Provenances {
  static func configuration(_ values: [String: String]) -> [any Markup] {
    let rows = values.filter { !$0.key.hasPrefix("provenance.plugins") }
      .sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
    return [
      Element(
        "details", [:],
        [
          Element("summary", [:], ["All " + Counted.text(rows.count, "setting")]),
          PageTable.element(
            head: ["key", "value"], rows: rows, caption: "Settings, with defaults"),
        ])
    ]
  }

  static func runs(_ arms: [Arm]) -> [any Markup] {
    let rows = arms.flatMap { arm in
      arm.runs.map { run in
        [
          arm.name, run.name, run.seed.isEmpty ? "–" : run.seed,
          "\(run.stepCount)",
          run.metrics[MetricName.reward]?.ends.map { NumberText.fixed($0.last) } ?? "–",
          run.metrics[MetricName.accuracy]?.ends.map { NumberText.percent($0.last) } ?? "–",
        ]
      }
    }
    return [
      PageTable.element(
        head: ["arm", "run", "seed", "steps", "last reward", "last accuracy"], rows: rows,
        numeric: [2, 3, 4, 5],
        caption:
          "Last: mean over the last fifteenth of the steps, at least 3; of fewer than 6 steps the"
          + " last alone")
    ]
  }

  static func differences(_ arms: [Arm]) -> [any Markup] {
    let methods = arms.map { KeyPaths.method(of: $0.runs[0].tree) }
    let differing = KeyPaths.differing(methods)
    guard !differing.isEmpty else {
      return [Element("p", [:], ["None, apart from seed, output folder and threads."])]
    }
    return [
      PageTable.element(
        head: ["key"] + arms.map(\.name),
        rows: differing.map { path in [path] + methods.map { $0[path] ?? "–" } },
        caption: "Settings in which the arms differ; –: the arm has no such key")
    ]
  }

  /// Returns a table of the libraries, with the runs that used each where not all used the same.
  static func plugins(of runs: [RunRecord]) -> [any Markup] {
    var uses: [(plugin: RunRecord.PluginUse, runs: [String])] = []
    for run in runs {
      for plugin in run.plugins {
        if let index = uses.firstIndex(where: { $0.plugin == plugin }) {
          uses[index].runs.append(run.name)
        } else {
          uses.append((plugin, [run.name]))
        }
      }
    }
    guard !uses.isEmpty else { return [] }
    let rows = uses.sorted { $0.plugin.name < $1.plugin.name }.map { use in
      [
        use.plugin.name, use.plugin.version, use.plugin.digest,
        use.runs.count == runs.count ? "all" : use.runs.joined(separator: ", "),
      ]
    }
    var head = ["plugin", "version", "SHA-256 of the library"]
    if runs.count > 1 { head.append("runs") }
    return [
      PageTable.element(
        head: head, rows: rows.map { Array($0.prefix(head.count)) },
        caption: "Libraries that took part")
    ]
  }
}
