import ArgumentParser
import Files
import FulcrumKernel
import PluginHost
import Report
import Runs
import Settings
import YAML

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
      """)

  @OptionGroup var options: RunOptions

  @Option(help: "The number of seeds: the configuration's, and those after it.")
  var seeds = 3

  @OptionGroup var arms: ArmOptions
  @OptionGroup var comparison: ComparisonOptions

  @Option(
    help: ArgumentHelp("A folder for each figure of the report.", valueName: "folder"),
    completion: .directory)
  var figures: String?

  @OptionGroup var session: SessionOptions

  func run() throws {
    guard seeds >= 1 else {
      throw FulcrumError(.usage, "expected at least 1, got \(seeds)", at: "--seeds")
    }
    _ = try comparison.kind
    let chosen = try arms.chosen()
    let plan = try ArmPlan(
      try options.runConfiguration(arms: chosen).tree, arms: chosen, seeds: seeds)
    guard Set(plan.runs.map(\.arm)).count > 1 else {
      throw FulcrumError(
        .usage, "expected another way to train beside the configuration's, got none", at: "arms",
        hint: "name some under arms in the configuration, or with --arm")
    }
    if let name = comparison.reference, !plan.runs.contains(where: { $0.arm == name }) {
      throw ArmStudy.unknown(name, among: plan.runsByArm.map(\.[0].arm))
    }
    let methods = try check(plan)
    var runs = try ArmRuns(
      plan.runs, in: plan.folder,
      reference: methods[comparison.reference ?? plan.runs[0].arm])
    for (number, run) in plan.runs.enumerated() {
      let place = "\(number + 1) of \(plan.runs.count): \(run.arm), seed \(run.seed)"
      if try run.isDone() {
        print("\(place): done before")
        continue
      }
      print("\(place)")
      let isComplete =
        (try? RunDirectory(opening: run.output)) == nil
        ? try TrainingSession.inForeground(session).begin(run.configuration)
        : try TrainingSession.inForeground(session).resume(run.output)
      if !isComplete { print("stopped; the same command goes on from there") }
      try Interrupt.end(isComplete: isComplete)
      try runs.add(run)
    }
    print()
    try compare(runs)
  }

  /// Compares the runs that are finished.
  private func compare(_ runs: ArmRuns) throws {
    var records: [RunRecord] = []
    for (run, _) in runs.finished { records.append(try RunRecord(run.output)) }
    let point = try comparison.point(of: records)
    let summaries =
      point.map { RunSummary.summaries(of: records, reference: comparison.reference, at: $0) }
      ?? runs.finished.map(\.summary)
    let study = try comparison.study(of: summaries, at: point)
    try comparison.tell(study)
    try ReportOptions.write(
      Page.comparison(of: records, study), to: "\(runs.folder)/compare.html",
      figures: figures.map(WorkingFolder.path))
  }

  /// Refuses a wrong arm, and a directory that holds another run, before hours of work. One seed of
  /// each arm is enough, for its seeds differ in nothing that is checked. All arms share a policy.
  ///
  /// - Returns: each arm's settings, with all defaults.
  private func check(_ plan: ArmPlan) throws -> [String: [String: String]] {
    var methods: [String: [String: String]] = [:]
    var first: RunComponents?
    for runs in plan.runsByArm {
      let configuration = runs[0].configuration
      let components =
        if let first {
          try RunComponents(configuration, armOf: first)
        } else {
          try RunComponents(RunSetup(configuration, host: Plugins.host))
        }
      // Arms have tasks, policies and rewards in common.
      if first == nil { try DataCheck(components).requireUsable() }
      first = first ?? components
      let wanted = KeyPaths.method(
        of: try ConfigurationTree(
          text: try components.setup.provenance(data: []), file: runs[0].output))
      methods[runs[0].arm] = wanted
      let begun = runs.filter { (try? RunDirectory(opening: $0.output)) != nil }
      guard !begun.isEmpty else { continue }
      let files = try components.setup.dataFiles()
      for run in begun { try check(run, against: wanted, files) }
    }
    return methods
  }

  private func check(
    _ run: ArmPlan.Run, against wanted: [String: String], _ files: [DataFile]
  ) throws {
    let begun = try RunDirectory(opening: run.output)
    let tree = try ConfigurationTree(file: begun.configuration)
    try DataFile.require(DataFile.changes(to: files, since: tree), noneIn: run.output)
    let found = KeyPaths.method(of: tree)
    guard let key = KeyPaths.differing([wanted, found]).first else { return }
    throw FulcrumError(
      .usage,
      "expected a run with \(key) \(wanted[key] ?? "absent"), found one with"
        + " \(found[key] ?? "none")", at: run.output,
      hint: "give another folder with --set output=FOLDER, or remove this one")
  }
}
