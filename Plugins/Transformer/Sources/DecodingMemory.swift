import FulcrumKernel

/// Holds memory of the decoder that stays from one request to the next.
package final class DecodingMemory {
  /// The most floats that the samples' own keys and values take at a time: 2 GiB.
  package var waveFloats = 512 << 20
  let prompts = FloatBuffer()
  let completions = FloatBuffer()
}
