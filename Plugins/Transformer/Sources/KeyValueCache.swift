import FulcrumKernel
import TransformerFormats

/// Holds keys and values of prompts, each kept once and read by all of its samples.
final class PromptCache {
  private let layout: KeyValueLayout
  private let layerCount: Int
  private let headCount: Int
  private let lengths: [Int]
  private let offsets: [Int]
  private let memory: FloatBuffer

  /// - Parameter memory: the buffer to use, kept from one request to the next so that its pages
  ///   stay touched.
  init(_ shape: ModelShape, lengths: [Int], memory: FloatBuffer) {
    layout = KeyValueLayout(shape)
    layerCount = shape.layerCount
    headCount = shape.keyValueHeadCount
    self.lengths = lengths
    self.memory = memory
    var offsets = [0]
    for length in lengths {
      let slice = layout.keyFloats(length) + layout.valueFloats(length)
      offsets.append(offsets[offsets.count - 1] + slice * layerCount * headCount)
    }
    self.offsets = offsets
    memory.reserve(offsets[lengths.count])
  }

  func keys(prompt: Int, layer: Int, head: Int) -> FloatBuffer.Pointer {
    let slice = layout.keyFloats(lengths[prompt]) + layout.valueFloats(lengths[prompt])
    return memory.pointer + offsets[prompt] + (layer * headCount + head) * slice
  }

  func values(prompt: Int, layer: Int, head: Int) -> FloatBuffer.Pointer {
    keys(prompt: prompt, layer: layer, head: head) + layout.keyFloats(lengths[prompt])
  }
}

/// Holds keys and values of samples' own tokens, with the same room for each sample.
final class CompletionCache {
  private let layout: KeyValueLayout
  private let headCount: Int
  private let keyFloats: Int
  private let sliceFloats: Int
  private let sampleFloats: Int
  private let memory: FloatBuffer

  /// - Parameter tokens: the room for each sample, in tokens.
  init(_ shape: ModelShape, samples: Int, tokens: Int, memory: FloatBuffer) {
    layout = KeyValueLayout(shape)
    headCount = shape.keyValueHeadCount
    keyFloats = layout.keyFloats(tokens)
    sliceFloats = keyFloats + layout.valueFloats(tokens)
    sampleFloats = Self.floats(shape, tokens: tokens)
    self.memory = memory
    memory.reserve(samples * sampleFloats)
  }

  /// Returns the number of floats that a sample of so many tokens takes.
  static func floats(_ shape: ModelShape, tokens: Int) -> Int {
    let layout = KeyValueLayout(shape)
    return shape.layerCount * shape.keyValueHeadCount
      * (layout.keyFloats(tokens) + layout.valueFloats(tokens))
  }

  func keys(sample: Int, layer: Int, head: Int) -> FloatBuffer.Pointer {
    memory.pointer + sample * sampleFloats + (layer * headCount + head) * sliceFloats
  }

  func values(sample: Int, layer: Int, head: Int) -> FloatBuffer.Pointer {
    keys(sample: sample, layer: layer, head: head) + keyFloats
  }
}
