import FulcrumKernel
import PluginHost
import Report
import Runs
import Settings
import Training
import YAML

/// Refuses a wrong arm, and a directory that holds another run, before hours of work.
struct ArmsCheck {
  /// The settings that decide how a run trains, by key path.
  typealias Method = [String: String]

  /// The components of the first configuration. All arms have task, policy and rewards in common.
  private var first: RunComponents?
  /// The memory that a run takes; `nil`: the policy doesn't say.
  private var memory: MemoryEstimate?
  private var isDataChecked = false
  /// All measures that the runs will have; empty before the first check.
  private(set) var measures: [ArmMeasure] = []

  /// Checks runs whose configurations differ in their seeds alone: one of them is enough. Those that are begun
  /// must be these.
  ///
  /// - Parameter tuned: keys whose values are still to be chosen.
  /// - Returns: their settings, with all defaults.
  mutating func check(_ runs: [ArmPlan.Run], tuned: [String] = []) throws -> Method {
    let configuration = runs[0].configuration
    let components =
      if let first {
        try RunComponents(configuration, armOf: first)
      } else {
        try RunComponents(RunSetup(configuration, host: Plugins.host))
      }
    first = first ?? components
    if !isDataChecked {
      let data = try DataCheck(components)
      try data.requireUsable()
      memory = try MemoryEstimate(components, data)
      measures = ArmMeasure.planned(
        configuration.evaluation, rewards: WeightedReward.apart(components.rewards.map(\.name)),
        hasTransfer: components.setup.hasTransfer)
      isDataChecked = true
    }
    let wanted = KeyPaths.method(
      of: try ConfigurationTree(
        text: try components.setup.provenance(data: []), file: runs[0].output))
    let begun = runs.filter(\.isBegun)
    guard !begun.isEmpty else { return wanted }
    let files = try components.setup.dataFiles()
    for run in begun { try Self.check(run, against: wanted, files, tuned: tuned) }
    return wanted
  }

  /// Refuses more runs at once than there is memory for, as far as the policy can tell.
  func requireMemory(runs: Int) throws {
    if runs > 1 { try memory?.require(runs: runs) }
  }

  /// Lets the components go, whose policy would take memory beside the one that is trained.
  mutating func release() { first = nil }

  private static func check(
    _ run: ArmPlan.Run, against wanted: Method, _ files: [DataFile], tuned: [String]
  ) throws {
    let begun = try RunDirectory(opening: run.output)
    let tree = try ConfigurationTree(file: begun.configuration)
    try DataFile.require(DataFile.changes(to: files, since: tree), noneIn: run.output)
    let found = KeyPaths.method(of: tree)
    let differing = KeyPaths.differing([wanted, found])
    guard
      let key = differing.first(where: { path in !tuned.contains { ArmChoice.isWithin(path, $0) } })
    else { return }
    throw FulcrumError(
      .usage,
      "expected a run with \(key) \(wanted[key] ?? "absent"), found one with"
        + " \(found[key] ?? "none")", at: run.output,
      hint: "give another folder with --set output=FOLDER, or remove this one")
  }
}
