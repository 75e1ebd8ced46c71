import Files
import Foundation
import FulcrumKernel
import JSON
import Training

/// Writes a step's rollout as JSON lines, and reads it: a header, then a line for each prompt with
/// its completions.
///
/// Floats are written so that they read back to the same bits.
package enum RolloutRecord {
  private struct Header: Codable {
    var format: Int
    var step: Int
    var temperature: Float
    var consumed: Int
    var sampledPrompts: Int
    var sampledTokens: Int
    var sampledReward: Double
    var refills: Int?
  }

  private struct Group: Codable {
    struct Completion: Codable {
      var text: String
      var tokens: [Int32]
      var logProbabilities: [Float]
      var finished: Bool
      /// The reward; `nil`: some reward function had no score.
      var reward: Float?
      var outcome: String
      /// For each reward function, the outcome with which it had no score, or an empty text; `nil`:
      /// all had a score.
      var missing: [String]?
    }
    var id: String
    var category: String
    var prompt: String
    var answer: String
    var promptTokens: [Int32]
    var completions: [Completion]
  }

  package static func path(step: UInt32, in folder: String) -> String {
    folder + "/step-\(step).jsonl"
  }

  /// Returns the steps that a folder has records of, in order.
  package static func steps(in folder: String) -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".jsonl") else { return nil }
      return Int(name.dropFirst(5).dropLast(6))
    }.sorted()
  }

  /// - Parameters:
  ///   - consumed: items of the task's order that were taken after this step.
  ///   - temperature: the temperature of the rollout.
  package static func write(
    _ collected: CollectedRollout, step: UInt32, temperature: Float, consumed: Int, to path: String
  ) throws(FulcrumError) {
    let rollout = collected.whole
    let sequences = rollout.sequences
    let rewards = rollout.rewards
    let outcomes = rollout.outcomes
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      var data = try encoder.encode(
        Header(
          format: 1, step: Int(step), temperature: temperature, consumed: consumed,
          sampledPrompts: collected.sampledPrompts, sampledTokens: collected.sampledTokens,
          sampledReward: collected.sampledReward, refills: collected.refills))
      for (group, item) in rollout.items.enumerated() {
        let completions = sequences.sequences(ofGroup: group).map { sequence in
          let tokens = sequences.tokens(ofSequence: sequence)
          return Group.Completion(
            text: rollout.completions[sequence],
            tokens: sequences.tokens.extracting(tokens).array,
            logProbabilities: Array(rollout.logProbabilities[tokens]),
            finished: rollout.isFinished[sequence],
            reward: rollout.isMissing(sequence) ? nil : rewards[sequence],
            outcome: outcomes[sequence].rawValue,
            missing: rollout.isMissing(sequence)
              ? rollout.scores.map {
                $0[sequence].isMissing ? $0[sequence].outcome.rawValue : ""
              } : nil)
        }
        data.append(UInt8(ascii: "\n"))
        data.append(
          try encoder.encode(
            Group(
              id: item.id, category: item.category, prompt: item.prompt, answer: item.answer,
              promptTokens: sequences.prompt(ofGroup: group), completions: completions)))
      }
      data.append(UInt8(ascii: "\n"))
      try SafeFiles.write(data, to: path)
    } catch let error as FulcrumError {
      throw error
    } catch {
      throw FulcrumError(.inputOutput, "could not write the rollout: \(error)", at: path)
    }
  }

  /// Reads a record and has it judged anew by the sampler's reward functions. A completion that had
  /// no score then has none now, unless that stops the run: a time-out, for instance, might not
  /// come again.
  ///
  /// - Throws: `.notFound` if there is no such file, `.data` naming the line for a damaged one, or
  ///   for one of another step or temperature.
  package static func read(_ path: String, step: UInt32, judge: RolloutSampler)
    throws(FulcrumError) -> (collected: CollectedRollout, consumed: Int)
  {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FulcrumError(
        .notFound, "no recorded rollout of step \(step)", at: path,
        hint: "record a run with 'fulcrum train --record', and replay no more steps than it has")
    }
    let lines = Array(JSONLines([UInt8](data)))
    guard let first = lines.first else {
      throw FulcrumError(.data, "expected a recorded rollout, got an empty file", at: path)
    }
    let header = try decode(Header.self, first, of: path)
    guard header.format == 1, header.step == Int(step) else {
      throw FulcrumError(
        .data,
        "expected a rollout of step \(step) in format 1, got step \(header.step) in format"
          + " \(header.format)", at: path)
    }
    guard header.temperature == judge.temperature else {
      throw FulcrumError(
        .configuration,
        "the rollout was sampled at temperature \(header.temperature), the"
          + " configuration says \(judge.temperature)", at: "rollout.temperature",
        hint: "log-probabilities of two temperatures can't be compared")
    }
    var groups: [Group] = []
    for line in lines.dropFirst() {
      let group = try decode(Group.self, line, of: path)
      guard !group.promptTokens.isEmpty,
        group.completions.allSatisfy({ $0.tokens.count == $0.logProbabilities.count })
      else {
        throw FulcrumError(
          .data, "expected prompt tokens, and as many log-probabilities as tokens",
          at: line.place(in: path))
      }
      groups.append(group)
    }
    let completions = groups.flatMap(\.completions)
    let rollout = try judge.judge(
      groups.map {
        TaskItem(id: $0.id, prompt: $0.prompt, answer: $0.answer, category: $0.category)
      },
      sequences: SequenceBatch(
        prompts: groups.map(\.promptTokens),
        completions: groups.map { $0.completions.map(\.tokens) }),
      logProbabilities: completions.flatMap(\.logProbabilities),
      isFinished: completions.map(\.finished))
    return (
      try CollectedRollout(
        whole: judge.onFailure == .stop
          ? rollout : rollout.missing(completions.map(\.missing)), rule: judge.onFailure,
        sampledPrompts: header.sampledPrompts, sampledTokens: header.sampledTokens,
        sampledReward: header.sampledReward, refills: header.refills), header.consumed
    )
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ line: JSONLines.Line, of file: String
  ) throws(FulcrumError) -> Value {
    do throws(JSONRecord.Fault) {
      return try JSONRecord.decode(type, from: line.bytes)
    } catch {
      throw FulcrumError(
        .data, "expected a line of a recorded rollout: \(error.reason)", at: line.place(in: file),
        hint: "the file is damaged, or was not written by 'fulcrum train --record'")
    }
  }
}

/// Reads rollouts that an earlier run recorded, so that two methods can be compared on the same
/// ones.
package struct RecordedRollouts: RolloutSource {
  private let folder: String
  private let judge: RolloutSampler
  private let promptsPerStep: Int
  package private(set) var consumedItems = 0

  /// - Parameters:
  ///   - folder: the folder, with a file `step-N.jsonl` for each step.
  ///   - judge: has the reward functions; nothing is sampled.
  package init(folder: String, judge: RolloutSampler, promptsPerStep: Int) {
    self.folder = folder
    self.judge = judge
    self.promptsPerStep = promptsPerStep
  }

  package var lastStep: Int? { RolloutRecord.steps(in: folder).last }

  /// - Throws: as `RolloutRecord.read`; `.configuration` if the record's shape is not the run's.
  package mutating func next(step: UInt32) throws(FulcrumError) -> CollectedRollout {
    let (collected, consumed) = try RolloutRecord.read(
      RolloutRecord.path(step: step, in: folder), step: step, judge: judge)
    let sequences = collected.whole.sequences
    guard sequences.groupCount == promptsPerStep,
      (0..<sequences.groupCount).allSatisfy({
        sequences.sequences(ofGroup: $0).count == judge.samples
      })
    else {
      throw FulcrumError(
        .configuration,
        "expected \(promptsPerStep) prompts of \(judge.samples) completions as the configuration"
          + " says, got \(sequences.groupCount) prompts and \(sequences.sequenceCount) completions",
        at: "rollout", hint: "replay with the recorded run's rollout.prompts and rollout.samples")
    }
    consumedItems = consumed
    return collected
  }
}
