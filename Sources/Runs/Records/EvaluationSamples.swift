import Files
import Foundation
import FulcrumKernel
import JSON
import Training

/// Holds a line of `evaluations/step-N.jsonl`: a held-out item with all that an evaluation sampled of it.
package struct EvaluatedItem: Codable, Sendable {
  /// Holds a completion.
  package struct Sample: Codable, Sendable {
    /// The temperature; 0: the most likely completion.
    package var temperature: Double
    package var completion: String
    /// The number of its tokens, end token included.
    package var tokens: Int
    /// Whether it ended by itself.
    package var finished: Bool
    /// How it fared, by the first reward function.
    package var outcome: String
    /// What each reward function said, in the configuration's order.
    package var rewards: [Reward]
  }

  /// Holds what a reward function said.
  package struct Reward: Codable, Sendable {
    /// The name under which the run's metrics have it.
    package var name: String
    /// The reward, without its weight; NaN: there is no score.
    @NaNAsNull package var value: Double
    package var outcome: String
  }

  package var id: String
  package var prompt: String
  package var answer: String
  package var category: String
  /// Whether the item is of a task beside the one that is trained on.
  package var transfer: Bool
  /// What items have in common that are one puzzle in other words; `nil`: it is like no other.
  package var form: String?
  /// The main temperature's samples, then those of the others, then the most likely one.
  package var samples: [Sample]

  /// - Parameters:
  ///   - place: the item's place in the rollouts.
  ///   - passes: a rollout of the same items by each sampler.
  ///   - names: the reward functions' names.
  init(
    _ place: Int, of passes: [Evaluator.Pass], names: [String], isTransfer: Bool
  ) {
    let item = passes[0].rollout.items[place]
    id = item.id
    prompt = item.prompt
    answer = item.answer
    category = item.category
    transfer = isTransfer
    form = item.form
    samples = passes.flatMap { pass in
      let rollout = pass.rollout
      return rollout.sequences.sequences(ofGroup: place).map { sequence in
        Sample(
          temperature: pass.temperature, completion: rollout.completions[sequence],
          tokens: rollout.sequences.tokens(ofSequence: sequence).count,
          finished: rollout.isFinished[sequence],
          outcome: rollout.scores[0][sequence].outcome.rawValue,
          rewards: zip(names, rollout.scores).map { name, scores in
            Reward(
              name: name, value: scores[sequence].value ?? .nan,
              outcome: scores[sequence].outcome.rawValue)
          })
      }
    }
  }
}

extension Evaluator {
  /// Evaluates, and writes each item with its samples to a file.
  ///
  /// - Parameters:
  ///   - path: the file, which is replaced when all is written; `nil`: none is written.
  ///   - progress: receives the number of items that are done, from 0 on.
  /// - Throws: as `run`; `.inputOutput` for a file that can't be written. Then there is none, or the one
  ///   that was there before.
  package func run(
    _ heldOut: HeldOutItems, samplesTo path: String?, progress: (_ done: Int) -> Void = { _ in }
  ) throws(FulcrumError) -> Evaluation {
    guard let path else {
      return try run(heldOut.items, transfer: heldOut.transfer, progress: progress)
    }
    let names = rewardNames
    var evaluation = Evaluation(rows: [])
    try SafeFiles.writeFile(path) { (aside) throws(FulcrumError) in
      // A kill may have left one half done.
      try SafeFiles.remove(aside)
      try SafeFiles.append(Data(), to: aside)
      evaluation = try run(heldOut.items, transfer: heldOut.transfer, progress: progress) {
        (passes) throws(FulcrumError) in
        var text = ""
        for place in passes[0].rollout.items.indices {
          let isTransfer = heldOut.transfer.contains(passes[0].rollout.items[place].category)
          let item = EvaluatedItem(place, of: passes, names: names, isTransfer: isTransfer)
          text += JSONLine(item).text + "\n"
        }
        try SafeFiles.append(Data(text.utf8), to: aside)
      }
    }
    return evaluation
  }
}
