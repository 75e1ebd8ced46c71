import Charts
import Files
import FulcrumKernel
import JSON
import Runs
import Training

extension RunSummary {
  /// Takes what comparisons need from a run.
  ///
  /// - Parameters:
  ///   - arm: the arm's name.
  ///   - reference: the settings of the arm that the others are compared with; `nil`: it isn't there yet.
  ///   - last: the last step that counts; `nil`: all do.
  package init(
    _ record: RunRecord, arm: String, reference: [String: String]?, upTo last: Int? = nil
  ) {
    let last = last ?? record.lastStep
    func curve(_ name: String) -> Curve? {
      guard let curve = record.metrics[name] else { return nil }
      let points = curve.points.filter { $0.x <= Double(last) }
      return points.isEmpty ? nil : Curve(points)
    }
    func ends(_ name: String) -> Ends? {
      curve(name)?.ends.map { Ends(first: Self.short($0.first), last: Self.short($0.last)) }
    }
    func values(_ name: String) -> [Double] { curve(name)?.points.map(\.y) ?? [] }
    func shares(_ part: ProbabilityIntervals.Part) -> [Double] {
      let means = ProbabilityIntervals.names.indices.compactMap { interval -> Double? in
        let values = values(ProbabilityIntervals.metric(part, interval: interval))
        return values.isEmpty ? nil : Self.short(Statistics.mean(values))
      }
      return means.count == ProbabilityIntervals.names.count ? means : []
    }
    let method = KeyPaths.method(of: record.tree)
    var settings: [String: String?] = [:]
    for key in reference.map({ KeyPaths.differing([method, $0]) }) ?? [] {
      settings.updateValue(method[key], forKey: key)
    }
    if let rate = method[Self.learningRate] { settings[Self.learningRate] = rate }
    let evaluations = record.everyEvaluation.filter { $0.step <= last }
    let after = evaluations.last { $0.step > 0 }
    let norms = values(MetricName.gradientNorm)
    self.init(
      arm: arm, run: record.name, seed: Int(record.seed),
      method: KeyPaths.fingerprint(of: method), settings: SettingTexts(settings), steps: last,
      optimizerSteps: Int(values("optimizer_steps").reduce(0, +)),
      tokens: Int(values("num_tokens").last ?? 0),
      seconds: Self.short(values(MetricName.stepTime).reduce(0, +)),
      before: Self.rows(evaluations.first { $0.step == 0 }), after: Self.rows(after),
      afterStep: after?.step, reward: ends(MetricName.reward), entropy: ends(MetricName.entropy),
      length: ends(MetricName.meanLength), lever: shares(.leverShare),
      tokenShare: shares(.tokenShare),
      gradientNorm: norms.isEmpty ? nil : Self.short(Statistics.mean(norms)))
  }

  /// The key path of the learning rate.
  static let learningRate = "update.learning-rate"

  private static func rows(_ record: EvaluationRecord?) -> [Row] {
    (record?.evaluation.rows ?? []).map { row in
      Row(
        category: row.category, transfer: row.isTransfer ? true : nil,
        measures: row.measures.map { measure in
          Measure(
            name: measure.kind.name, mean: short(measure.mean),
            low: short(measure.interval.lowerBound), high: short(measure.interval.upperBound),
            count: measure.counts?.count ?? row.itemCount)
        })
    }
  }

  private static func short(_ value: Double) -> Double { JSONLine.rounded(value, digits: 6) }

  /// Takes what comparisons need from runs, in their order, each under its arm's name.
  ///
  /// - Parameters:
  ///   - reference: the name of the arm that the others are compared with; `nil`, or a name that none
  ///     of these has: the first.
  ///   - point: where the runs are compared; `nil`: at their ends.
  package static func summaries(
    of records: [RunRecord], reference: String? = nil, at point: ComparisonPoint? = nil
  ) -> [RunSummary] {
    let arms = Arm.arms(of: records)
    let first = arms.first { $0.name == reference } ?? arms.first
    let method = first.map { KeyPaths.method(of: $0.runs[0].tree) }
    return records.map { run in
      let arm = arms.first { $0.runs.contains { $0.directory.path == run.directory.path } }
      return RunSummary(
        run, arm: arm?.name ?? run.name, reference: method, upTo: point.map { $0.step(of: run) })
    }
  }

  /// The summary as a line of `runs.jsonl`.
  package var line: String { JSONLine(self).text }

  /// Writes runs to a file, a line each.
  package static func write(_ runs: [RunSummary], to file: String) throws(FulcrumError) {
    try SafeFiles.write(runs.map { $0.line + "\n" }.joined(), to: file)
  }

  /// Reads lines that comparisons wrote.
  ///
  /// - Throws: `.notFound` for a file without lines; `.data` with file and line for one that is none.
  package static func read(_ file: String) throws(FulcrumError) -> [RunSummary] {
    let runs = try JSONLinesFile.read(
      RunSummary.self, from: file, writtenBy: "fulcrum arms", isGrowing: false)
    guard !runs.isEmpty else {
      throw FulcrumError(
        .notFound,
        FileSystem.exists(file)
          ? "expected lines of runs, found none" : "expected a file of runs, found nothing there",
        at: file,
        hint:
          "'fulcrum arms' writes them to OUTPUT/runs.jsonl, 'fulcrum compare' with --runs-to FILE")
    }
    return runs
  }
}
