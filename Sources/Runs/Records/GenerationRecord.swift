import Files
import Foundation
import FulcrumKernel
import JSON
import Training

/// Writes what a policy sampled for a step, before it is judged, and reads it. Floats read back to the
/// same bits.
enum GenerationRecord {
  private struct Content: Codable {
    struct Completion: Codable {
      var tokens: [Int32]
      var logProbabilities: [Float]
      var finished: Bool
    }
    struct Group: Codable {
      var prompt: [Int32]
      var completions: [Completion]
    }
    var format: Int
    var step: Int
    var groups: [Group]
  }

  private static let format = 1

  static func write(_ generation: Generation, step: Int, to path: String) throws(FulcrumError) {
    let sequences = generation.sequences
    let groups = (0..<sequences.groupCount).map { group in
      Content.Group(
        prompt: sequences.prompt(ofGroup: group),
        completions: sequences.sequences(ofGroup: group).map { sequence in
          let tokens = sequences.tokens(ofSequence: sequence)
          return Content.Completion(
            tokens: sequences.tokens.extracting(tokens).array,
            logProbabilities: Array(generation.logProbabilities[tokens]),
            finished: generation.isFinished[sequence])
        })
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data: Data
    do {
      data = try encoder.encode(Content(format: format, step: step, groups: groups))
    } catch {
      throw FulcrumError(
        .inputOutput, "could not write the completions sampled ahead: \(error)", at: path)
    }
    try SafeFiles.write(data, to: path)
  }

  /// - Throws: `.checkpoint` if the file is not what `write` wrote for this step.
  static func read(_ path: String, step: Int) throws(FulcrumError) -> Generation {
    let content: Content
    do throws(JSONRecord.Fault) {
      content = try JSONRecord.decode(
        Content.self, from: [UInt8](FileManager.default.contents(atPath: path) ?? Data()))
    } catch {
      throw FulcrumError(
        .checkpoint, "expected completions that were sampled ahead: \(error.reason)", at: path)
    }
    let completions = content.groups.flatMap(\.completions)
    guard content.format == format, content.step == step,
      completions.allSatisfy({ $0.tokens.count == $0.logProbabilities.count })
    else {
      throw FulcrumError(
        .checkpoint,
        "expected completions of step \(step) in format \(format), got step \(content.step) in format"
          + " \(content.format)", at: path)
    }
    return Generation(
      sequences: SequenceBatch(
        prompts: content.groups.map(\.prompt),
        completions: content.groups.map { $0.completions.map(\.tokens) }),
      logProbabilities: completions.flatMap(\.logProbabilities),
      isFinished: completions.map(\.finished))
  }
}
