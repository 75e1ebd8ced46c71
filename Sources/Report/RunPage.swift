import Charts
import FulcrumKernel
import Microscope
import Runs
import Training
import YAML

extension Page {
  /// Returns the report of one run.
  package static func report(of run: RunRecord) throws(FulcrumError) -> Page {
    let values = KeyPaths.flat(.section(run.tree.root))
    var page = Page(
      title: run.name,
      subtitle: Counted.text(run.stepCount, "step") + ", seed \(values["seed"] ?? "–"), Fulcrum"
        + " \(values["provenance.fulcrum"] ?? "–")")
    let charts = MetricCharts(arms: [Arm(name: run.name, runs: [run])])
    page.add(charts)
    page.add(
      "intervals", "Which tokens move the model", charts: IntervalCharts(run: run).charts)
    if let record = run.microscope { page.add(record) }
    page.add(
      "completions", "Completions",
      SampleView.markup(try SampleView.samples(of: run.directory)))
    page.add("configuration", "Configuration", Provenances.configuration(values))
    page.add("plugins", "Plugins", Provenances.plugins(of: [run]))
    return page
  }

  /// Returns the comparison of several runs; runs of one configuration, apart from the seed, are one arm.
  ///
  /// - Parameters:
  ///   - runs: those that there is a folder of, for charts by step; none: there are tables alone.
  ///   - study: compares the arms; `nil`: these runs' arms, at their ends.
  ///   - tables: what goes with it.
  package static func comparison(
    of runs: [RunRecord], _ study: ArmStudy? = nil, tables: [ComparisonTable] = []
  ) -> Page {
    let study = study ?? ArmStudy(RunSummary.summaries(of: runs))
    let arms = Arm.arms(of: runs)
    let names = study.arms.map(\.name).joined(separator: "; ")
    let count = study.arms.reduce(0) { $0 + $1.runs.count }
    var page = Page(
      title: "Comparison of " + Counted.text(count, "run"),
      subtitle: Counted.text(study.arms.count, "configuration") + ": \(names)")
    page.add("arms", "Arms", (study.tables + tables).map(\.element), charts: study.charts)
    guard !runs.isEmpty else { return page }
    let charts = MetricCharts(arms: arms)
    page.add("runs", "Runs", Provenances.runs(arms))
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
  /// Adds the charts of how training went.
  fileprivate mutating func add(_ charts: MetricCharts, note: [any Markup] = []) {
    add("learning", "Learning", note, charts: charts.learning)
    let heldOut = HeldOutCharts(charts.arms)
    add(
      "held-out-items", "Held-out accuracy", charts: heldOut.charts,
      beside: [heldOut.table].compactMap(\.self))
    add("behaviour", "Behaviour", charts: charts.behaviour)
  }

  /// Adds the charts of a look through the microscope.
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
  /// Charts of the least and the most likely tokens, by arm.
  var levers: [Chart] {
    let last = ProbabilityIntervals.names.count - 1
    let (name, highest) = (
      NumberText.interval(ProbabilityIntervals.names[0]),
      NumberText.interval(ProbabilityIntervals.names[last])
    )
    return [
      curve(
        ProbabilityIntervals.metric(.leverShare, interval: 0), "lowest-lever",
        "Pull of the least likely tokens",
        unit: "share of Σ|w|·‖∇ log π‖", including: [0], within: 0...1, note: "Probability \(name)."
      ),
      curve(
        ProbabilityIntervals.metric(.tokenShare, interval: 0), "lowest-tokens", "How many they are",
        unit: "share of tokens", including: [0], within: 0...1, note: "Probability \(name)."),
      curve(
        UpdateDirection.metric(.correct, interval: 0), "lowest-direction", "Did they go right?",
        unit: "share of tokens that went the way of their advantage", including: [0, 1],
        within: 0...1,
        note: "Old probability \(name)."),
      curve(
        UpdateDirection.metric(.correct, interval: last), "highest-direction",
        "Did the likeliest go right?",
        unit: "share of tokens that went the way of their advantage", including: [0, 1],
        within: 0...1,
        note: "Old probability \(highest)."),
    ].compactMap(\.self)
  }
}
