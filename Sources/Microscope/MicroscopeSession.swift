import Foundation
import FulcrumKernel
import PluginHost
import Trainer

/// A request with all that it names made and checked.
package struct MicroscopeSession {
  package let head: MicroscopeReport.Head
  private let batches: Int
  private let microscope: Microscope
  private let setup: RunSetup
  private let words: WordLists
  /// Files of recorded rollouts with their steps; empty: to be sampled.
  private let records: [(path: String, step: UInt32)]
  private let counters: RunCounters

  /// The folder of a run, if the path is one.
  package static func run(at path: String) throws(FulcrumError) -> RunDirectory? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return nil }
    return try RunDirectory(opening: path)
  }

  /// - Parameter note: gets a line for each damaged checkpoint.
  package init(
    _ request: MicroscopeRequest, searchPath: (_ configured: [String]) -> PluginSearchPath,
    note: (String) -> Void
  ) throws(FulcrumError) {
    let run = try Self.run(at: request.path)
    var tree = try ConfigurationTree(file: run?.configuration ?? request.path)
    for override in request.overrides { try tree.set(override) }
    let configuration = try RunConfiguration(tree: tree)
    let settings = try MicroscopeSettings(configuration)
    words = try Self.words(request.words, settings, configuration)
    let found = try Self.checkpoint(request, run, note: note)
    counters = found.counters
    let folder = found.folder
    let setup = try RunSetup(configuration, checkpoint: folder, searchPath: searchPath)
    self.setup = setup
    batches = request.batches ?? settings.batches
    records = try Self.records(request, run, batches: batches)

    let learningRate: Double
    if let given = request.learningRate {
      learningRate = given
    } else if request.optimizer == .sgd {
      learningRate = 1e-3
    } else {
      learningRate = try LearningRate(
        configuration.update, steps: try configuration.general.integer("steps")
      ).rate(step: counters.step + 1)
    }
    var choice = try configuration.choice("policy")
    if let folder { choice = choice.setting("checkpoint", to: .text(folder)) }
    if request.optimizer == .sgd {
      let policy = try setup.factory.host.component(
        .policy, choice.use, pinnedDigest: choice.digest)
      choice = try Ascent.plain(choice, manual: policy.manual)
    }
    let (factory, made) = (setup.factory, choice)
    let optimizer = request.optimizer == .adamw ? found.optimizer : nil
    let experiment = Experiment(
      ascent: Ascent(
        learningRate: learningRate,
        gradientScale: request.optimizer == .sgd ? Ascent.plainScale : 1)
    ) { () throws(FulcrumError) in
      let policy = try factory.policy(made)
      if let optimizer { try policy.loadOptimizer(from: optimizer) }
      return policy
    }
    let components = try setup.stepComponents(reference: found.reference)
    var arms = [Arm(name: try configuration.armName(), components: components)]
    let others = if let arms = request.arms { arms } else { try configuration.arms() }
    for arm in others {
      let changed = try arm.applied(to: tree)
      do throws(FulcrumError) {
        let own = RunSetup(try RunConfiguration(tree: changed), armOf: setup)
        arms.append(
          Arm(
            name: arm.name,
            components: try own.stepComponents(
              reference: found.reference, shared: components.reference)))
      } catch {
        throw arm.placed(error)
      }
    }
    microscope = Microscope(
      policy: setup.policy, experiment: experiment, components: components, arms: arms,
      vocabulary: try Self.vocabulary(request, setup.policy),
      layerSample: LayerSample(tokensByInterval: request.layerTokens, seed: setup.seed))
    head = MicroscopeReport.Head(
      config: request.path, checkpoint: folder ?? "", step: counters.step,
      optimizer: request.optimizer, learningRate: learningRate,
      rollouts: records.isEmpty ? "fresh" : "recorded")
  }

  /// - Parameter note: gets a line for each batch.
  package func look(note: (String) -> Void) throws(FulcrumError) -> MicroscopeReport {
    var step = UInt32(counters.step)
    var source = try setup.rolloutSource(consumedItems: counters.consumedItems)
    let judge = try setup.sampler(forEvaluation: false)
    var left = records[...]
    var seen: [(rollout: Rollout, step: UInt32)] = []
    let findings = try microscope.look(
      batches: batches,
      next: { () throws(FulcrumError) in
        let next: (rollout: Rollout, step: UInt32)
        if let (path, step) = left.popFirst() {
          next = (try RolloutRecord.read(path, step: step, judge: judge).collected.rollout, step)
        } else {
          step += 1
          next = (try source.next(step: step).rollout, step)
        }
        seen.append(next)
        return next
      }, note: note)
    return MicroscopeReport(head, findings, words: words(of: seen, note: note))
  }

  /// Fig. 5. Of another policy than the configuration's own also how that one completes the prompts:
  /// what training has changed.
  private func words(of seen: [(rollout: Rollout, step: UInt32)], note: (String) -> Void)
    -> WordFindings
  {
    let counter = WordCounter(words)
    var survey = WordSurvey()
    for (rollout, _) in seen { survey.add(rollout, counter: counter) }
    guard !head.checkpoint.isEmpty else {
      return WordFindings(words, name: ArmChoice.configured, survey: survey)
    }
    var others: [(name: String, survey: WordSurvey)] = []
    do throws(FulcrumError) {
      let start = try StartingPolicy(setup)
      var before = WordSurvey()
      for (number, (rollout, step)) in seen.enumerated() {
        note("at start, batch \(number + 1) of \(seen.count)")
        before.add(try start.complete(rollout, step: step), counter: counter)
      }
      others.append(("at start", before))
    } catch {
      // The run's start may be gone; all else is measured by now, and stands.
      note("the words of the policy at the start are left out: \(error)")
    }
    return WordFindings(words, name: "as trained", survey: survey, others: others)
  }

  private struct Found {
    /// `nil`: the configuration's own policy.
    var folder: String?
    var counters = RunCounters()
    var optimizer: String?
    var reference: String?

    init(_ checkpoint: Checkpoint) {
      folder = checkpoint.path
      counters = checkpoint.counters
      optimizer = checkpoint.optimizer
      reference = checkpoint.reference
    }

    init(folder: String?) { self.folder = folder }
  }

  private static func checkpoint(
    _ request: MicroscopeRequest, _ run: RunDirectory?, note: (String) -> Void
  ) throws(FulcrumError) -> Found {
    guard let folder = request.checkpoint else {
      guard let run else { return Found(folder: nil) }
      return Found(try CheckpointSearch(run).required(note: note))
    }
    do throws(FulcrumError) {
      return Found(try Checkpoint(folder))
    } catch {
      // A policy's folder that no run wrote has no counters.
      guard error.code == .notFound, FileManager.default.fileExists(atPath: folder) else {
        throw error
      }
      return Found(folder: folder)
    }
  }

  /// The newest of a run's recorded rollouts; none if they are to be sampled.
  private static func records(
    _ request: MicroscopeRequest, _ run: RunDirectory?, batches: Int
  ) throws(FulcrumError) -> [(path: String, step: UInt32)] {
    guard let run, !request.isFresh else { return [] }
    let steps = RolloutRecord.steps(in: run.rollouts)
    guard !steps.isEmpty else { return [] }
    guard steps.count >= batches else {
      throw FulcrumError(
        .usage, "expected \(batches) recorded rollouts, found \(steps.count)",
        at: run.rollouts, hint: "give --batches \(steps.count), or --fresh to sample others")
    }
    return steps.suffix(batches).map { step in
      (RolloutRecord.path(step: UInt32(step), in: run.rollouts), UInt32(step))
    }
  }

  private static func words(
    _ option: String?, _ settings: MicroscopeSettings, _ configuration: RunConfiguration
  ) throws(FulcrumError) -> WordLists {
    if let option { return try WordLists(file: option) }
    guard let file = settings.words else { return try .builtIn() }
    do {
      return try WordLists(file: file)
    } catch {
      guard error.code == .notFound else { throw error }
      throw FulcrumError(
        error.code, "\(error.message) at \(file)",
        at: configuration.tree.placed(path: "microscope.words"),
        hint: "name it with --words; " + (error.hint ?? ""))
    }
  }

  private static func vocabulary(_ request: MicroscopeRequest, _ policy: any PolicyModel)
    throws(FulcrumError) -> Int
  {
    var size = request.vocabulary
    if size == nil,
      case .integer(let said)? = policy.facts.first(where: { $0.name == "vocabulary" })?.value
    {
      size = said
    }
    guard let size else {
      throw FulcrumError(
        .usage,
        "expected a policy that says how many tokens its vocabulary has, got one that"
          + " doesn't", at: "--vocabulary", hint: "give their number with --vocabulary N")
    }
    guard size >= 2 else {
      throw FulcrumError(.usage, "expected at least 2 tokens, got \(size)", at: "--vocabulary")
    }
    return size
  }
}
