import FulcrumKernel

/// Memory of the decoder that stays from one request to the next.
final class DecodingMemory {
  let prompts = FloatBuffer()
  let completions = FloatBuffer()
}
