import ArgumentParser
import Files
import FulcrumKernel
import JSON
import Report
import Runs
import Settings

struct ArmsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "arms",
    abstract: "Train a configuration and its other arms over seeds, and compare them.",
    discussion: """
      Trains the configuration as it is and with the changes of each of its arms, with as many seeds as \
      given: all arms with the first seed, then with the next. Each run has a directory of its own, \
      OUTPUT/ARM-seed-N. The same command goes on where it was stopped. At the end tables, \
      OUTPUT/compare.html and, for other programs, OUTPUT/runs.jsonl say how far each arm is from the \
      reference, seed by seed.

        fulcrum arms run.yaml --seeds 3
        fulcrum arms run.yaml --seeds 5 --reference GRPO --markdown table.md
        fulcrum arms run.yaml --arm 'short=update.iterations=1;schedule=single'
        fulcrum arms run.yaml --seeds 5 --tune update.learning-rate=1e-4,2e-4,4e-4
        fulcrum arms run.yaml --seeds 5 --parallel 4
      """)

  @OptionGroup var options: RunOptions

  @Option(help: "The number of seeds: the configuration's, and those after it.")
  var seeds = 3

  @OptionGroup var arms: ArmOptions
  @OptionGroup var tuning: TuningOptions
  @OptionGroup var sharing: SharingOptions
  @OptionGroup var comparison: ComparisonOptions

  @Option(
    help: ArgumentHelp("A folder for each figure of the report.", valueName: "folder"),
    completion: .directory)
  var figures: String?

  @OptionGroup var session: SessionOptions
  @OptionGroup var child: ChildRun

  func run() throws {
    try TuningOptions.checkSeeds(seeds, of: "--seeds")
    try checkPoint()
    try sharing.check()
    let part = try tuning.part
    let grid = try tuning.grid
    let chosen = try arms.chosen()
    let plan = try ArmPlan(
      try options.runConfiguration(arms: chosen).tree, arms: chosen, seeds: seeds)
    guard plan.names.count > 1 || grid != nil else {
      throw FulcrumError(
        .usage, "expected another way to train beside the configuration's, got none", at: "arms",
        hint: "name some under arms in the configuration, or with --arm")
    }
    if let name = comparison.reference, !plan.names.contains(name) {
      throw ArmStudy.unknown(name, among: plan.names)
    }
    if let run = try child.run(of: plan, tuning) { return try child.train(run, session) }
    let files = sharing.filesOfRuns.map(WorkingFolder.path)
    var elsewhere = try ElsewhereRuns(files)
    try ElsewhereRuns.check(files, beside: plan)
    let reference = comparison.reference ?? plan.names[0]
    var check = ArmsCheck()
    var methods = try Self.methods(
      of: plan.runsByArm, tuned: grid?.axes.map(\.key) ?? [], &check, &elsewhere)
    try checkResults(check.measures, isTuned: grid != nil)
    let count = max(plan.runs.count, plan.names.count * tuning.seeds * (grid?.points.count ?? 0))
    try check.requireMemory(runs: min(sharing.parallel, count))
    check.release()
    var work = ArmWork(
      sharing: sharing, part: try sharing.part, session: session,
      threads: plan.runs[0].configuration.general.threads, folder: plan.folder)
    var runs = plan.runs
    var study: TuningStudy?
    if let grid {
      let tuned = try tune(
        plan, grid, &check, &work, part, &elsewhere, reference: methods[reference])
      study = tuned
      guard part != .tuning else { return try work.end() }
      runs = try plan.runs(grid, chosen: tuned.chosen)
      methods = try Self.methods(of: ArmPlan.byArm(runs), &check, &elsewhere)
      check.release()
    }
    if let warning = elsewhere.warning { Fulcrum.report(warning) }
    var finished = try ArmRuns(
      runs, in: plan.folder, reference: methods[reference], isWritten: work.part == nil,
      elsewhere: elsewhere)
    // Shares are those of the whole plan, whichever arms are tuned by now.
    let own = Set(work.own(plan.runs).map(\.output))
    try work.train(runs.filter { own.contains($0.output) }, &finished) { run in
      study?.chosen[run.arm]?.values ?? []
    }
    print()
    try compare(finished, study)
    try work.end()
    if let study, let error = TuningOptions.incomplete(study) { throw error }
  }

  /// Checks each arm's runs, and looks for those that were trained elsewhere.
  ///
  /// - Parameters:
  ///   - arms: each arm's runs.
  ///   - tuned: keys whose values are still to be chosen.
  /// - Returns: the arms' settings, by their names.
  private static func methods(
    of arms: [[ArmPlan.Run]], tuned: [String] = [], _ check: inout ArmsCheck,
    _ elsewhere: inout ElsewhereRuns
  ) throws -> [String: ArmsCheck.Method] {
    var methods: [String: ArmsCheck.Method] = [:]
    for runs in arms {
      let method = try check.check(runs, tuned: tuned)
      methods[runs[0].arm] = method
      elsewhere.find(runs, method)
    }
    return methods
  }

  /// Refuses, before hours of work, what its result could not be told by.
  private func checkResults(_ measures: [ArmMeasure], isTuned: Bool) throws(FulcrumError) {
    try comparison.check(measures: measures.map(\.name))
    if isTuned, let measure = tuning.measure {
      try ArmMeasure.check(measure, of: "--tune-by", among: measures.filter(\.isGoal).map(\.name))
    }
    if let figures { try SafeFiles.requireFolder(WorkingFolder.path(figures)) }
  }

  /// Refuses what can't be compared before hours of work.
  private func checkPoint() throws(FulcrumError) {
    guard try comparison.kind != nil, !sharing.filesOfRuns.isEmpty else { return }
    throw FulcrumError(
      .usage, "expected runs with their folders, got lines with --runs-from", at: "--at",
      hint: "a line tells of a run's end alone; leave one of the two out")
  }

  /// Tries all values with all arms, and tells how they did.
  private func tune(
    _ plan: ArmPlan, _ grid: TuningGrid, _ check: inout ArmsCheck, _ work: inout ArmWork,
    _ part: TuningOptions.Part?, _ elsewhere: inout ElsewhereRuns, reference: ArmsCheck.Method?
  ) throws -> TuningStudy {
    let trials = try plan.trials(grid, seeds: tuning.seeds)
    for arm in ArmPlan.byArm(trials) {
      for point in grid.points {
        let runs = arm.filter { $0.trial == point }
        elsewhere.find(runs, try check.check(runs))
      }
    }
    check.release()
    var finished = try ArmRuns(
      trials, in: plan.trialFolder, reference: reference, isWritten: work.part == nil,
      elsewhere: elsewhere)
    if part != .main { try work.train(work.own(trials), &finished) { _ in [] } }
    // Others may have done theirs meanwhile.
    if work.part != nil { try finished.refresh() }
    let study = try TuningStudy(
      grid, plan: trials, finished: finished.finished, by: tuning.measure)
    if part == .main, let error = TuningOptions.incomplete(study) { throw error }
    print("\n" + study.table.text.onTerminal + "\n")
    return study
  }

  /// Compares the runs that are finished.
  private func compare(_ runs: ArmRuns, _ tuned: TuningStudy?) throws {
    guard !runs.finished.isEmpty else { return }
    var comparison = comparison
    // A part of the runs may lack it.
    if !runs.finished.contains(where: { $0.run.arm == comparison.reference }) {
      comparison.reference = nil
    }
    var records: [RunRecord] = []
    // Of runs that were trained elsewhere there are no curves.
    for (run, _) in runs.finished where run.isBegun { records.append(try RunRecord(run.output)) }
    let point = try comparison.point(of: records)
    let summaries =
      point.map { RunSummary.summaries(of: records, reference: comparison.reference, at: $0) }
      ?? runs.finished.map(\.summary)
    let study = try comparison.study(of: summaries, at: point)
    let tables = tuned.map { [$0.table] } ?? []
    try comparison.tell(
      study, tables: tables, more: tuned.map { [("tuning", .object($0.data))] } ?? [])
    // Several processes would write one file.
    guard try sharing.part == nil else { return }
    try ReportOptions.write(
      Page.comparison(of: records, study, tables: tables), to: "\(runs.folder)/compare.html",
      figures: figures.map(WorkingFolder.path))
  }
}
