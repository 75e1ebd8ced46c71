import FulcrumKernel
import JSON
import Wire

/// Samples by vLLM while it trains, if the parameter `sampler` says so.
extension TorchPolicy: SeparateSamplerPolicy {
  /// Copies are sampled by the engine itself.
  package var separateSampler: String? { engine.hasVLLM && slot.number == 0 ? "vLLM" : nil }

  package func beginGenerating(_ request: GenerationRequest) throws(FulcrumError) {
    let content = GenerationArrays(request)
    _ = try call("generateBegin", content.header, content.arrays)
    underWay = request
  }

  package func finishGenerating() throws(FulcrumError) -> Generation {
    guard let request = underWay else {
      throw FulcrumError(
        .usage, "expected a request to sample that was begun, there is none", at: Self.manual.name)
    }
    underWay = nil
    let frame = try call("generateEnd")
    return try read("generateEnd") { () throws(WireFault) in
      try GenerationArrays.generation(frame, of: request)
    }
  }
}
