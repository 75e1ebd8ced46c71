import Charts
import FulcrumKernel
import PluginHost
import Trainer

extension Page {
  /// The report of one run.
  package static func report(of run: RunRecord) throws(FulcrumError) -> Page {
    let values = KeyPaths.flat(.section(run.tree.root))
    var page = Page(
      title: run.name,
      subtitle: "\(run.stepCount) steps, seed \(values["seed"] ?? "–"), Fulcrum"
        + " \(values["provenance.fulcrum"] ?? "–")")
    let charts = MetricCharts(arms: [Arm(name: run.name, runs: [run])])
    page.add(charts)
    page.add(
      "intervals", "Which tokens move the model", charts: IntervalCharts(run: run).charts)
    if let record = run.microscope { page.add(record) }
    page.add(
      "completions", "Completions",
      SampleView.markup(try SampleRecord.read(from: run.directory)))
    page.add("configuration", "Configuration", Provenances.configuration(values))
    page.add("plugins", "Plugins", Provenances.plugins(of: [run]))
    return page
  }

  /// The comparison of several runs: arms of equal configuration, apart from the seed.
  package static func comparison(of runs: [RunRecord]) -> Page {
    let arms = Arm.arms(of: runs)
    let names = arms.map(\.name).joined(separator: "; ")
    var page = Page(
      title: "Comparison of \(runs.count) runs",
      subtitle: "\(arms.count) \(arms.count == 1 ? "configuration" : "configurations"): \(names)")
    let charts = MetricCharts(arms: arms)
    page.add("runs", "Runs", Provenances.aheads(arms) + Provenances.runs(arms))
    var note: [any Markup] = []
    if arms.contains(where: { $0.runs.count > 1 }) {
      note.append(
        Element(
          "p", ["class": "note"],
          [
            "Lines: mean over an arm’s seeds of the smoothed curves. Bands: from the lowest to the"
              + " highest seed, at steps that all of them have."
          ]))
    }
    page.add(charts, note: note)
    page.add(
      "intervals", "Which tokens move the model", charts: charts.levers)
    page.add("microscope", "Microscope", charts: MicroscopeComparison(arms).charts)
    page.add("differences", "Configuration differences", Provenances.differences(arms))
    page.add("plugins", "Plugins", Provenances.plugins(of: runs))
    return page
  }
}

extension Page {
  /// How training went.
  fileprivate mutating func add(_ charts: MetricCharts, note: [any Markup] = []) {
    add("learning", "Learning", note, charts: charts.learning)
    add(
      "held-out-items", "Held-out accuracy", charts: [charts.heldOut].compactMap(\.self),
      beside: [charts.heldOutTable].compactMap(\.self))
    add("behaviour", "Behaviour", charts: charts.behaviour)
  }

  fileprivate mutating func add(_ record: MicroscopeRecord) {
    let microscope = MicroscopeCharts(record: record)
    add("microscope", "Microscope", microscope.introduction, charts: microscope.charts)
    let interventions = InterventionCharts(record: record)
    add(
      "interventions", "Interventions and bounds", charts: interventions.charts,
      after: interventions.tables)
    if let layers = record.layers.map({ LayerCharts($0, intervals: record.intervals) }) {
      add("layers", "Layers", charts: layers.charts, after: layers.tables)
    }
    if let words = record.figure5.map(WordCharts.init) {
      add("words", "Words", charts: words.charts, after: words.tables)
    }
  }
}

extension MetricCharts {
  /// The least likely tokens' part, by arm.
  var levers: [Chart] {
    let interval = ProbabilityIntervals.names[0]
    let name = NumberText.interval(interval)
    return [
      curve(
        "probability/\(interval)/lever_share", "lowest-lever", "Pull of the least likely tokens",
        unit: "share of Σ|w|·‖∇ log π‖", including: [0], note: "Probability \(name)."),
      curve(
        "probability/\(interval)/token_share", "lowest-tokens", "How many they are",
        unit: "share of tokens", including: [0], note: "Probability \(name)."),
      curve(
        "direction/\(interval)/correct", "lowest-direction", "Did they go right?",
        unit: "share of tokens that went the way of their advantage", including: [0, 1],
        note: "Old probability \(name)."),
      curve(
        "direction/\(ProbabilityIntervals.names[3])/correct", "highest-direction",
        "Did the likeliest go right?",
        unit: "share of tokens that went the way of their advantage", including: [0, 1],
        note: "Old probability \(NumberText.interval(ProbabilityIntervals.names[3]))."),
    ].compactMap(\.self)
  }
}
