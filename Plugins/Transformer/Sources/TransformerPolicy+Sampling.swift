import FulcrumKernel
import TransformerFormats

/// Samples completions.
extension TransformerPolicy: StreamingPolicy {
  /// - Throws: `.data` if a prompt is empty, leaves no room in the context, or holds a token that is
  ///   not in the vocabulary; `.usage` for an impossible request.
  package func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    try generate(request) { _, _, _ in }
  }

  /// - Throws: as `generate`.
  package func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation {
    let network = try ready().network
    try check(request, network)
    network.prepareProducts()
    return Decoder(
      network: network, request: request, endTokens: network.shape.endTokens,
      prefillRows: packsSequences ? microbatchTokens : 1, memory: decodingMemory
    ).run(observe: observe)
  }

  private func check(_ request: GenerationRequest, _ network: Network) throws(FulcrumError) {
    guard request.temperature >= 0, request.temperature.isFinite else {
      throw FulcrumError(
        .usage, "expected a temperature of at least 0, got \(request.temperature)",
        at: Self.manual.name)
    }
    guard request.topK >= 0 else {
      throw FulcrumError(
        .usage, "expected a top-k of at least 0, got \(request.topK)", at: Self.manual.name,
        hint: "0 draws from all tokens")
    }
    guard request.topP > 0, request.topP <= 1 else {
      throw FulcrumError(
        .usage, "expected a top-p above 0 and at most 1, got \(request.topP)",
        at: Self.manual.name, hint: "1 draws from all tokens")
    }
    guard request.samplesPerPrompt >= 1, request.maximumTokens >= 1 else {
      throw FulcrumError(
        .usage,
        "expected at least 1 sample of at least 1 token, got \(request.samplesPerPrompt) of"
          + " \(request.maximumTokens)", at: Self.manual.name)
    }
    for (index, prompt) in request.prompts.enumerated() {
      let location = "prompt \(index)"
      guard !prompt.tokens.isEmpty else {
        throw FulcrumError(.data, "a prompt must have a token, got an empty one", at: location)
      }
      guard prompt.tokens.count < network.shape.contextLength else {
        throw FulcrumError(
          .data,
          "a prompt of \(prompt.tokens.count) tokens leaves no room in a context of"
            + " \(network.shape.contextLength)", at: location,
          hint: "shorten the prompt, or use a model of a longer context")
      }
      for token in prompt.tokens { try PackedBatch.check(token, network.tokenRows, at: location) }
    }
  }
}
