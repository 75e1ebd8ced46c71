import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Microscope
import PluginHost
import Trainer
import YAML

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a policy as a configuration says.",
    discussion: "Keys of a configuration:\n" + ConfigurationSchema.manual
      + "\nA component's parameters: 'fulcrum plugin info NAME'.")

  @OptionGroup var options: RunOptions

  @Flag(help: "Write every step's whole rollout, for 'fulcrum replay'.")
  var record = false

  func run() throws {
    var options = options
    if record { options.overrides.append("logging.record=true") }
    try TrainingSession.begin(try options.configuration())
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its newest checkpoint.",
    discussion: """
      The result is the same to the bit as that of a run that never stopped. A checkpoint that is \
      damaged is renamed and passed over for the one before it; a run that has none yet begins again.
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var path: String

  @Option(help: "Threads to keep busy; the results don't depend on it.")
  var threads: Int?

  func run() throws { try TrainingSession.goOn(with: path, threads: threads) }
}

/// A run in the foreground: what `train`, `resume` and `arms` share.
enum TrainingSession {
  /// A new run, from its configuration's start.
  static func begin(_ configuration: RunConfiguration) throws {
    CrashNote.watch()
    let start = try Checkpoint.start(of: configuration)
    let setup = try RunSetup(
      configuration, checkpoint: start?.path, searchPath: Plugins.searchPath)
    // What the run itself has no need of is found wrong now rather than after it.
    _ = try configuration.arms()
    // Makes every component, so that a wrong request leaves nothing behind.
    let components = try setup.stepComponents(reference: start?.reference)
    _ = try setup.sampler(forEvaluation: false)
    let output = try configuration.general.text("output")
    let display = ProgressDisplay()
    try locked(output, display) {
      let directory = try RunDirectory(creating: output)
      try SafeFiles.write(try setup.provenance(), to: directory.configuration)
      try run(setup, components, in: directory, from: start, display)
    }
  }

  /// A run that was begun, from its newest checkpoint.
  static func goOn(with path: String, threads: Int? = nil) throws {
    CrashNote.watch()
    let directory = try RunDirectory(opening: path)
    var tree = try ConfigurationTree(file: directory.configuration)
    if let threads { try tree.set("threads=\(threads)") }
    let configuration = try RunConfiguration(tree: tree)
    let display = ProgressDisplay()
    try locked(directory.path, display) {
      let search = try CheckpointSearch(directory)
      try search.setDamagedAside(note: display.note)
      let checkpoint = try search.found ?? Checkpoint.start(of: configuration)
      if search.found == nil { display.note("no checkpoint yet: the run begins again") }
      let setup = try RunSetup(
        configuration, checkpoint: checkpoint?.path, searchPath: Plugins.searchPath)
      try run(
        setup, try setup.stepComponents(reference: checkpoint?.reference), in: directory,
        from: checkpoint, display)
    }
  }

  /// Does what only one process at a time may do with a run directory.
  private static func locked(_ path: String, _ display: ProgressDisplay, _ work: () throws -> Void)
    throws
  {
    let lock = try RunLock(path)
    if !lock.isHeld {
      display.note(
        "the file system of \(path) has no locks: see to it that no other process uses the run")
    }
    defer { withExtendedLifetime(lock) {} }
    try work()
  }

  private static func run(
    _ setup: RunSetup, _ components: StepComponents, in directory: RunDirectory,
    from checkpoint: Checkpoint?, _ display: ProgressDisplay
  ) throws {
    // First: whoever reads the notes may send a signal.
    Interrupt.watch()
    display.note("run directory \(directory.path)")
    display.note("policy \(setup.policy.summary), \(setup.threads) threads")
    // Loads every library that the run will use.
    _ = try setup.resolvedComponents()
    let known = Provenance.plugins(of: setup.configuration.tree)
    for plugin in setup.factory.host.loaded {
      display.note(
        "plugin \(plugin.name) \(plugin.version), sha256 \(plugin.digest), \(plugin.path)")
      if let then = known.first(where: { $0.name == plugin.name })?.digest, then != plugin.digest {
        display.note(
          "plugin \(plugin.name) is not the library that the run began with (sha256"
            + " \(then.prefix(12))…, now \(plugin.digest.prefix(12))…): it may go on to other bits")
      }
    }
    if let checkpoint { display.note("going on after step \(checkpoint.step)") }
    if let stage = StageMark.left(in: directory.stage) {
      display.note("the process before did not end by itself; last entered: \(stage)")
    }
    StageMark.keep(in: directory.stage)
    defer { StageMark.end() }
    let training = TrainingRun(
      setup: setup, components: components, directory: directory, start: checkpoint,
      observer: display)
    switch try ending(of: training) {
    case .interrupted(let step):
      display.note(
        "stopped after step \(step); 'fulcrum resume \(directory.path)' goes on from there")
    case .completed(let before, let after):
      let columns = (before.map { [("before", $0)] } ?? []) + [("after", after)]
      let table = EvaluationTable.text(columns)
      let temperature = try setup.configuration.evaluation.number("temperature")
      let caption =
        "accuracy on held-out items, "
        + (temperature == 0
          ? "most likely tokens" : "one sample each at temperature \(temperature)")
      if !table.isEmpty { display.note("\n\(caption)\n\(table)\n") }
      display.note("run directory \(directory.path)")
    }
  }

  /// Runs it; an error of the disk tells how to go on when that is mended.
  private static func ending(of training: TrainingRun) throws(FulcrumError) -> TrainingRun.Ending {
    do throws(FulcrumError) {
      return try training.run { Interrupt.isRequested }
    } catch {
      guard error.code == .inputOutput else { throw error }
      let remedy = error.hint ?? "check that the disk has room and that you may write there"
      throw FulcrumError(
        error.code, error.message, at: error.location,
        hint: "\(remedy); then 'fulcrum resume \(training.directory.path)' goes on")
    }
  }
}
