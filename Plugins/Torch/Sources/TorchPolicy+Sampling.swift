import FulcrumKernel
import JSON
import Wire

/// Samples completions.
extension TorchPolicy: StreamingPolicy {
  package func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    try generate(request, isObserved: false) { _, _, _ in }
  }

  package func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation {
    try generate(request, isObserved: true, observe: observe)
  }

  private func generate(
    _ request: GenerationRequest, isObserved: Bool,
    observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation {
    let content = GenerationArrays(request, isObserved: isObserved)
    let frame = try call("generate", content.header, content.arrays) { (event) throws(WireFault) in
      let places = try event.array("prompt").int32s()
      let samples = try event.array("sample").int32s()
      let tokens = try event.array("token").int32s()
      guard places.count == tokens.count, samples.count == tokens.count else {
        throw WireFault("expected as many prompts and samples as tokens")
      }
      let groups = 0..<Int32(request.prompts.count)
      let members = 0..<Int32(request.samplesPerPrompt)
      guard places.allSatisfy(groups.contains), samples.allSatisfy(members.contains),
        tokens.allSatisfy({ $0 >= 0 })
      else {
        throw WireFault("expected tokens of the samples that were asked for, got others")
      }
      for i in tokens.indices { observe(Int(places[i]), Int(samples[i]), tokens[i]) }
      return nil
    }
    return try read("generate") { () throws(WireFault) in
      try GenerationArrays.generation(frame, of: request)
    }
  }
}
