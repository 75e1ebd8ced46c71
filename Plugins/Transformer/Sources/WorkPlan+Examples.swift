import Foundation
import FulcrumKernel
import TransformerFormats

/// Plans of two models for a GRPO step: what `doctor` and Documentation/Benchmarks.md say of many
/// threads.
extension WorkPlan {
  /// A model, with the size of its vocabulary.
  package struct Example: Sendable {
    package let name: String
    package let shape: ModelShape

    /// The model of the default settings.
    package static let small = Example(
      name: "fresh model",
      shape: ModelShape(
        vocabularySize: 512, width: 128, layerCount: 4, headCount: 4, keyValueHeadCount: 4,
        headSize: 32, hiddenWidth: 352, contextLength: 512, ropeTheta: 10000, normEpsilon: 1e-5,
        isTied: true, endToken: 2, padToken: 0))

    /// The sizes of Qwen2.5-0.5B, whose tokenizer has 151,665 tokens.
    package static let qwen = Example(
      name: "Qwen2.5-0.5B",
      shape: ModelShape(
        family: .qwen2, vocabularySize: 151_665, width: 896, layerCount: 24, headCount: 14,
        keyValueHeadCount: 2, headSize: 64, hiddenWidth: 4864, contextLength: 32_768,
        ropeTheta: 1e6, normEpsilon: 1e-6, isTied: true, endToken: 2, padToken: 0))

    /// Plans training on some prompts, 8 samples each, 150 + 128 tokens.
    package func training(prompts: Int, limit: Int = 8192, logitRows: Int = 0) -> WorkPlan {
      let prompt = [Int32](repeating: 3, count: 150)
      let samples = [[Int32]](repeating: [Int32](repeating: 4, count: 128), count: 8)
      return WorkPlan.training(
        shape, logitCount: shape.vocabularySize,
        batch: SequenceBatch(
          prompts: Array(repeating: prompt, count: prompts),
          completions: Array(repeating: samples, count: prompts)),
        limit: limit, logitRows: logitRows)
    }

    /// Plans a step of decoding, in the middle of these completions.
    package func decoding(prompts: Int, samples: Int = 8, threads: Int) -> WorkPlan {
      WorkPlan.decoding(
        shape, logitCount: shape.vocabularySize, samples: Array(repeating: samples, count: prompts),
        length: 150 + 64, threads: threads)
    }
  }

  /// How work is cut, and the busiest thread's work, for `doctor`.
  static var facts: [ModelFact] {
    let models = [Example.small, .qwen].map { ($0, $0.training(prompts: 7)) }
    let shares = [8, 16, 32, 64].map { threads in
      let texts = models.map { example, training in
        let decoding = example.decoding(prompts: 32, threads: threads)
        return String(
          format: "%@ %.2f in training, %.2f in decoding", example.name,
          training.largestShare(threads: threads), decoding.largestShare(threads: threads))
      }
      return ModelFact(
        "busiest of \(threads) threads over an even share",
        .text(texts.joined(separator: "; ")))
    }
    return [
      ModelFact(
        "work",
        .text(
          "tiles of at most \(WorkerScratch.tileRows) rows, chunks of sequences for each key head,"
            + " some outputs of a gradient; in decoding also panels of \(PanelShares.panel) columns"
        ))
    ] + shares + [ModelFact("memory nodes", .text(memoryNodes))]
  }

  private static var memoryNodes: String {
    let folder = "/sys/devices/system/node"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let count = names.count { $0.hasPrefix("node") && $0.dropFirst(4).allSatisfy(\.isNumber) }
    return count > 1
      ? "\(count); buffers lie on the node of the thread that made them: start with 'numactl"
        + " --interleave=all', or on one node alone"
      : "1"
  }
}
