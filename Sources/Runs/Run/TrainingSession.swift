import Files
import FulcrumKernel
import PluginHost
import Settings
import Training
import YAML

/// Runs in the foreground, from a configuration or from a directory to the run's ending. `train`,
/// `resume`, `replay` and `arms` share it.
package struct TrainingSession {
  private let host: (_ configured: [String]) -> PluginHost
  private let observer: any RunObserver
  private let shouldStop: () -> Bool

  /// - Parameters:
  ///   - host: looks for plugins in the configuration's own folders first.
  ///   - shouldStop: asked after each step.
  package init(
    host: @escaping (_ configured: [String]) -> PluginHost,
    observer: any RunObserver, shouldStop: @escaping () -> Bool
  ) {
    self.host = host
    self.observer = observer
    self.shouldStop = shouldStop
  }

  /// Begins a new run.
  ///
  /// - Throws: errors of a wrong request, before anything is written; then what the run throws.
  package func begin(_ configuration: RunConfiguration) throws(FulcrumError) {
    let start = try Checkpoint.start(of: configuration)
    try Self.checkReplay(of: configuration)
    let setup = try RunSetup(configuration, checkpoint: start?.path, host: host)
    // Arms, which the run itself doesn't need, are checked now rather than after it.
    _ = try configuration.arms()
    let components = try RunComponents(setup, reference: start?.reference)
    for warning in ConfigurationWarnings.ofSignal(in: configuration) {
      observer.note("warning: \(warning)")
    }
    let output = configuration.general.output
    try locked(output) { () throws(FulcrumError) in
      let directory = try RunDirectory(creating: output)
      try SafeFiles.write(
        try setup.provenance(in: directory.path), to: directory.configuration)
      try run(components, in: directory, from: start)
    }
  }

  /// Goes on with a run that was begun, from its newest checkpoint.
  ///
  /// - Parameter threads: the number of threads to keep busy; `nil`: the run's own number.
  /// - Throws: as `begin`.
  package func resume(_ path: String, threads: Int? = nil) throws(FulcrumError) {
    let directory = try RunDirectory(opening: path)
    var tree = try ConfigurationTree(file: directory.configuration)
    if let threads { try tree.set("threads=\(threads)", by: "--threads") }
    let configuration = try RunConfiguration(tree: tree)
    try locked(directory.path) { () throws(FulcrumError) in
      let search = try CheckpointSearch(directory)
      try search.setDamagedAside(note: observer.note)
      var checkpoint = search.found
      if checkpoint == nil {
        checkpoint = try Checkpoint.start(of: configuration)
        observer.note("no checkpoint yet: the run begins again")
      }
      let setup = try RunSetup(
        configuration, checkpoint: checkpoint?.path, host: host)
      try run(
        try RunComponents(setup, reference: checkpoint?.reference), in: directory,
        from: checkpoint)
    }
  }

  /// Refuses a folder without recorded rollouts before a run is made that could not begin.
  private static func checkReplay(of configuration: RunConfiguration) throws(FulcrumError) {
    guard let folder = configuration.rollout.replay, RolloutRecord.steps(in: folder).isEmpty else {
      return
    }
    let missing = FulcrumError(
      .notFound, "expected recorded rollouts step-N.jsonl, found none at \(folder)",
      at: "rollout.replay", hint: "record a run with 'fulcrum train CONFIG --record'")
    let tree = configuration.tree
    throw tree.placed(MissingPath(tree).explain(missing, path: folder))
  }

  /// Works on a run directory under its lock, which one process at a time can hold.
  private func locked(_ path: String, _ work: () throws(FulcrumError) -> Void)
    throws(FulcrumError)
  {
    let lock = try RunLock(path)
    if !lock.isHeld {
      observer.note(
        "the file system of \(path) has no locks: see to it that no other process uses the run")
    }
    defer { withExtendedLifetime(lock) {} }
    try work()
  }

  private func run(
    _ components: RunComponents, in directory: RunDirectory, from checkpoint: Checkpoint?
  ) throws(FulcrumError) {
    observer.runBegins()
    observer.note("run directory \(directory.path)")
    observer.note(
      "policy \(components.policy.summary), \(components.configuration.general.threads) threads")
    try describePlugins(of: components.setup)
    if let checkpoint { observer.note("going on after step \(checkpoint.step)") }
    if let stage = StageMark.left(in: directory.stage) {
      observer.note("the process before did not end by itself; last entered: \(stage)")
    }
    StageMark.keep(in: directory.stage)
    defer { StageMark.end() }
    let training = TrainingRun(
      components, directory: directory, start: checkpoint, observer: observer)
    describe(try ending(of: training), of: training)
  }

  /// Tells which libraries take part, and which of them are others than the run began with.
  private func describePlugins(of setup: RunSetup) throws(FulcrumError) {
    // Loads every library that the run will use.
    _ = try setup.resolvedComponents()
    let known = Provenance.plugins(of: setup.configuration.tree)
    for plugin in setup.factory.host.loaded {
      observer.note(
        "plugin \(plugin.name) \(plugin.version), sha256 \(plugin.digest), \(plugin.path)")
      if let then = known.first(where: { $0.name == plugin.name })?.digest, then != plugin.digest {
        observer.note(
          "plugin \(plugin.name) is not the library that the run began with (sha256"
            + " \(then.prefix(12))…, now \(plugin.digest.prefix(12))…): it may go on to other bits")
      }
    }
  }

  private func describe(_ ending: TrainingRun.Ending, of training: TrainingRun) {
    let path = training.directory.path
    switch ending {
    case .interrupted(let step):
      observer.note("stopped after step \(step); 'fulcrum resume \(path)' goes on from there")
    case .completed(let before, let after):
      let columns = (before.map { [("before", $0)] } ?? []) + [("after", after)]
      let table = EvaluationTable.text(columns)
      let temperature = training.components.configuration.evaluation.temperature
      let caption =
        "accuracy on held-out items, "
        + (temperature == 0
          ? "most likely tokens" : "one sample each at temperature \(temperature)")
      if !table.isEmpty { observer.note("\n\(caption)\n\(table)\n") }
      observer.note("run directory \(path)")
    }
  }

  /// Takes the run to its ending. After an error of the disk it says how to go on.
  private func ending(of training: TrainingRun) throws(FulcrumError) -> TrainingRun.Ending {
    do throws(FulcrumError) {
      return try training.run(shouldStop: shouldStop)
    } catch {
      guard error.code == .inputOutput else { throw error }
      let remedy = error.hint ?? "check that the disk has room and that you may write there"
      throw FulcrumError(
        error.code, error.message, at: error.location,
        hint: "\(remedy); then 'fulcrum resume \(training.directory.path)' goes on")
    }
  }
}
