import Foundation
import FulcrumKernel
import PluginHost
import Runs
import Settings
import Training
import YAML

/// A request whose policies and components are made and checked.
package struct MicroscopeSession {
  package let subject: MicroscopeSubject
  private let batches: Int
  private let microscope: Microscope
  private let components: RunComponents
  private let words: WordLists
  /// Files of recorded rollouts with their steps; empty: rollouts are sampled.
  private let records: [(path: String, step: UInt32)]
  private let counters: RunCounters

  /// Returns the run at a path; `nil` for a path that is no folder.
  package static func run(at path: String) throws(FulcrumError) -> RunDirectory? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return nil }
    return try RunDirectory(opening: path)
  }

  /// - Parameter note: gets a line for each damaged checkpoint.
  package init(
    _ request: MicroscopeRequest, host: (_ settings: PluginSettings) -> PluginHost,
    note: (String) -> Void
  ) throws(FulcrumError) {
    let run = try Self.run(at: request.path)
    let tree =
      if let read = request.configuration { read } else {
        try ConfigurationTree(file: run?.configuration ?? request.path)
      }
    let configuration = try RunConfiguration.checked(tree, host: host)
    let settings = configuration.microscope
    words = try Self.words(request.words, settings, configuration)
    let parts = try Self.checkpoint(request, run, note: note)
    counters = parts.counters
    let folder = parts.folder
    let setup = try RunSetup(configuration, checkpoint: folder, host: host)
    batches = request.batches ?? settings.batches
    records = try Self.records(request, run, batches: batches)

    let learningRate = Self.learningRate(request, configuration, step: counters.step)
    let experiment = try Self.experiment(
      request.optimizer, setup, folder: folder, optimizer: parts.optimizer,
      learningRate: learningRate)
    let components = try RunComponents(setup, reference: parts.reference)
    self.components = components
    microscope = Microscope(
      policy: setup.policy, experiment: experiment, components: components.training,
      arms: try Self.arms(request, components, reference: parts.reference),
      vocabulary: try Self.vocabulary(request, setup.policy),
      layerSample: LayerSample(
        tokensByInterval: request.layerTokens, seed: configuration.general.seed))
    subject = MicroscopeSubject(
      config: request.path, checkpoint: folder ?? "", step: counters.step,
      optimizer: request.optimizer, learningRate: learningRate,
      rollouts: records.isEmpty ? .fresh : .recorded)
  }

  /// Looks at as many batches as were asked for.
  ///
  /// - Parameter note: gets a line for each batch.
  package func look(note: (String) -> Void) throws(FulcrumError) -> MicroscopeRecord {
    var step = UInt32(counters.step)
    var source = try components.rolloutSource(consumedItems: counters.consumedItems)
    let judge = components.sampler
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
    return MicroscopeRecord(subject, findings, words: words(of: seen, note: note))
  }

  /// Returns the words of Fig. 5; of another policy than the configuration's own also those of that one's
  /// completions of the same prompts: what training has changed.
  private func words(of seen: [(rollout: Rollout, step: UInt32)], note: (String) -> Void)
    -> WordRecord
  {
    let counter = WordCounter(words)
    var survey = WordSurvey()
    for (rollout, _) in seen { survey.add(rollout, counter: counter) }
    guard !subject.checkpoint.isEmpty else {
      return WordRecord(words, name: ArmChoice.configured, survey: survey)
    }
    var others: [(name: String, survey: WordSurvey)] = []
    do throws(FulcrumError) {
      let start = try StartingPolicy(components)
      var before = WordSurvey()
      for (number, (rollout, step)) in seen.enumerated() {
        note("at start, batch \(number + 1) of \(seen.count)")
        before.add(try start.complete(rollout, step: step), counter: counter)
      }
      others.append((PolicyWords.atStart, before))
    } catch {
      // The run's start may be gone; all else is measured by now, and stands.
      note("the words of the policy at the start are left out: \(error)")
    }
    return WordRecord(words, name: PolicyWords.asTrained, survey: survey, others: others)
  }
}
