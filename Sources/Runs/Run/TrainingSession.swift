import Files
import FulcrumKernel
import PluginHost
import Settings
import Stages
import Training
import YAML

/// Runs in the foreground, from a configuration or from a directory to the run's ending. `train`,
/// `resume`, `replay` and `arms` share it.
package struct TrainingSession {
  private let host: (_ settings: PluginSettings) -> PluginHost
  private let observer: any RunObserver
  private let isVerbose: Bool
  private let shouldStop: () -> Bool

  /// - Parameters:
  ///   - host: looks for plugins in the configuration's own folders first.
  ///   - isVerbose: tells each plugin's version, digest and path.
  ///   - shouldStop: asked after each step.
  package init(
    host: @escaping (_ settings: PluginSettings) -> PluginHost,
    observer: any RunObserver, isVerbose: Bool = false, shouldStop: @escaping () -> Bool
  ) {
    self.host = host
    self.observer = observer
    self.isVerbose = isVerbose
    self.shouldStop = shouldStop
  }

  /// Begins a new run.
  ///
  /// - Returns: whether it went to its end; `false` if it was asked to stop.
  /// - Throws: errors of a wrong request, before anything is written; then what the run throws.
  @discardableResult
  package func begin(_ configuration: RunConfiguration) throws(FulcrumError) -> Bool {
    let start = try Checkpoint.start(of: configuration)
    try start?.requireWork(for: configuration)
    try Self.checkReplay(of: configuration)
    _ = try Self.trackers(of: configuration)
    let setup = try RunSetup(configuration, checkpoint: start?.path, host: host)
    // Arms, which the run itself doesn't need, are checked now rather than after it.
    _ = try configuration.arms()
    let components = try RunComponents(setup, reference: start?.reference)
    let data = try DataCheck(components)
    try data.requireUsable()
    try setup.policy.loadWeights()
    let files = try setup.dataFiles()
    let output = configuration.general.output
    return try locked(output) { () throws(FulcrumError) in
      let directory = try RunDirectory(creating: output)
      try SafeFiles.write(
        try setup.provenance(in: directory.path, data: files), to: directory.configuration)
      return try run(
        components, data, changes: DataFile.changes(to: files, since: configuration.tree),
        in: directory, from: start, warns: true)
    }
  }

  /// Goes on with a run that was begun, from its newest checkpoint.
  ///
  /// - Parameters:
  ///   - threads: the number of threads to keep busy; `nil`: the run's own number.
  ///   - steps: the number of steps that the run is to have; `nil`: as many as it was begun with.
  ///   - acceptsChangedData: whether files of data may be others than the run read before.
  /// - Returns: as `begin`.
  /// - Throws: as `begin`; `.usage` for a number of steps that the run can't have, and for data that
  ///   has changed.
  @discardableResult
  package func resume(
    _ path: String, threads: Int? = nil, steps: Int? = nil, acceptsChangedData: Bool = false
  ) throws(FulcrumError) -> Bool {
    let directory = try RunDirectory(opening: path)
    return try locked(directory.path) { () throws(FulcrumError) in
      var tree = try ConfigurationTree(file: directory.configuration)
      if let threads { try tree.set("threads=\(threads)", by: "--threads") }
      let search = try CheckpointSearch(directory)
      var checkpoint = search.found
      if checkpoint == nil { checkpoint = try Checkpoint.start(of: RunConfiguration(tree: tree)) }
      var longer: RunExtension?
      if let steps {
        longer = try RunExtension(
          directory, to: steps, from: checkpoint?.step ?? 0, isBegun: search.found != nil,
          tree: &tree)
      }
      let configuration = try RunConfiguration(tree: tree)
      try search.setDamagedAside(note: observer.note)
      if search.found == nil { observer.note("no checkpoint yet: the run begins again") }
      let setup = try RunSetup(
        configuration, checkpoint: checkpoint?.path, host: host)
      let changes = DataFile.changes(to: try setup.dataFiles(), since: tree)
      if !acceptsChangedData { try DataFile.require(changes, noneIn: directory.path) }
      let components = try RunComponents(setup, reference: checkpoint?.reference)
      let data = try DataCheck(components)
      try data.requireUsable()
      try setup.policy.loadWeights()
      try longer?.write()
      if !changes.isEmpty {
        try DataFile.note(
          changes, afterStep: checkpoint?.step ?? 0, in: directory.configuration)
      }
      return try run(
        components, data, changes: changes, in: directory, from: checkpoint, warns: false)
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

  private static func trackers(
    of configuration: RunConfiguration
  ) throws(FulcrumError) -> [TrackerCommand] {
    var commands: [TrackerCommand] = []
    for entry in configuration.general.trackers {
      commands.append(
        try TrackerCommand(entry, python: configuration.general.plugins.interpreter))
    }
    return commands
  }

  /// Works on a run directory under its lock, which one process at a time can hold.
  private func locked<Result>(_ path: String, _ work: () throws(FulcrumError) -> Result)
    throws(FulcrumError) -> Result
  {
    let lock = try RunLock(path)
    if !lock.isHeld {
      observer.note(
        "the file system of \(path) has no locks: see to it that no other process uses the run")
    }
    defer { withExtendedLifetime(lock) {} }
    return try work()
  }

  /// - Parameters:
  ///   - changes: the files of data that are others than the configuration's run had.
  ///   - warns: whether settings that are seldom meant are told of.
  private func run(
    _ components: RunComponents, _ data: DataCheck, changes: [DataFile.Change],
    in directory: RunDirectory, from checkpoint: Checkpoint?, warns: Bool
  ) throws(FulcrumError) -> Bool {
    observer.runBegins()
    observer.note("run directory \(directory.path)")
    observer.note(
      "policy \(components.policy.summary), "
        + Counted.text(components.configuration.general.threads, "thread"))
    try describePlugins(of: components.setup)
    describe(data, changes)
    if let checkpoint { observer.note("going on after step \(checkpoint.step)") }
    if let stage = StageMark.left(in: directory.stage) {
      observer.note("the process before did not end by itself; last entered: \(stage)")
    }
    StageMark.keep(in: directory.stage)
    defer { StageMark.end() }
    if warns { warn(of: components) }
    let feed = TrackerFeed(
      try Self.trackers(of: components.configuration), directory, observer: observer)
    let training = TrainingRun(
      components, heldOut: data.heldOut, directory: directory, start: checkpoint,
      observer: feed ?? observer)
    var status = "failed"
    defer { feed?.end(status) }
    let ending = try ending(of: training)
    describe(ending, of: training)
    if case .interrupted = ending {
      status = "stopped"
      return false
    }
    status = "finished"
    return true
  }

  /// Tells which libraries take part, and which of them are others than the run began with.
  private func describePlugins(of setup: RunSetup) throws(FulcrumError) {
    // Loads every library that the run will use.
    _ = try setup.resolvedComponents()
    let known = Provenance.plugins(of: setup.configuration.tree)
    let plugins = setup.factory.host.loaded
    if !isVerbose {
      observer.note("plugins " + plugins.map(\.name).joined(separator: ", "))
    }
    for plugin in plugins {
      if isVerbose {
        observer.note(
          "plugin \(plugin.name) \(plugin.version), sha256 \(plugin.digest), \(plugin.path)")
      }
      if let then = known.first(where: { $0.name == plugin.name })?.digest, then != plugin.digest {
        observer.note(
          "plugin \(plugin.name) is not the library that the run began with (sha256"
            + " \(then.prefix(12))…, now \(plugin.digest.prefix(12))…): it may go on to other bits")
      }
    }
  }

  /// Tells what `explain` warns of. A schedule that fails on the small batch that it is tried with
  /// is no reason not to run.
  private func warn(of components: RunComponents) {
    do throws(FulcrumError) {
      let warnings = ConfigurationWarnings.found(
        in: components, try BatchArithmetic(components),
        resolved: try components.setup.resolvedComponents())
      for warning in warnings { observer.note("warning: \(warning)") }
    } catch {
      observer.note("the configuration could not be looked through for warnings: \(error)")
    }
  }

  /// Tells what the task's items are, and which files are others than the configuration's run had.
  private func describe(_ data: DataCheck, _ changes: [DataFile.Change]) {
    for line in data.lines { observer.note("\(line.label): \(line.value)") }
    for note in data.notes { observer.note(note) }
    for change in changes {
      observer.note(
        "data file \(change.path) is not the one that the run began with (\(change.digests)): it may go"
          + " on to other bits")
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
      let caption =
        "accuracy on held-out items, " + training.components.configuration.evaluation.manner
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
