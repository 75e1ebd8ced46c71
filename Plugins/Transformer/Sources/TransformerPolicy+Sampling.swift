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
    let model = try ready()
    let network = model.network
    try check(request, network)
    let stops = try stopMatcher(request)
    network.prepareProducts()
    return Decoder(
      network: network, request: request, endTokens: network.shape.endTokens, stops: stops,
      tokenizer: model.tokenizer, prefillRows: packsSequences ? microbatchTokens : 1,
      memory: decodingMemory
    ).run(observe: observe)
  }

  private func stopMatcher(_ request: GenerationRequest) throws(FulcrumError) -> StopMatcher {
    do throws(FulcrumError) {
      return try StopMatcher(request.stopStrings)
    } catch {
      throw error.within(Self.manual.name)
    }
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
    guard (0...1).contains(request.minP) else {
      throw FulcrumError(
        .usage, "expected a min-p from 0 to 1, got \(request.minP)", at: Self.manual.name,
        hint: "0 draws from all tokens")
    }
    guard request.samplesPerPrompt >= 1, request.maximumTokens >= 1 else {
      throw FulcrumError(
        .usage,
        "expected at least 1 sample of at least 1 token, got \(request.samplesPerPrompt) of"
          + " \(request.maximumTokens)", at: Self.manual.name)
    }
    guard (0...request.maximumTokens).contains(request.minimumTokens) else {
      throw FulcrumError(
        .usage,
        "expected a minimum length from 0 to the longest, \(request.maximumTokens) tokens, got"
          + " \(request.minimumTokens)", at: Self.manual.name)
    }
    let endCount = Set(network.shape.endTokens).count
    guard request.minimumTokens == 0 || endCount < network.tokenRows.count else {
      throw FulcrumError(
        .usage,
        "expected a token that isn't an end token for a minimum length, got a model without",
        at: Self.manual.name)
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
