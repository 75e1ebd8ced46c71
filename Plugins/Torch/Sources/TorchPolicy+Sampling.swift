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
    let header = [
      JSONMember("samplesPerPrompt", .integer(request.samplesPerPrompt)),
      JSONMember("maximumTokens", .integer(request.maximumTokens)),
      JSONMember("temperature", .number(Double(request.temperature))),
      JSONMember("topK", .integer(request.topK)),
      JSONMember("topP", .number(Double(request.topP))),
      JSONMember("minP", .number(Double(request.minP))),
      JSONMember("minimumTokens", .integer(request.minimumTokens)),
      JSONMember("stopStrings", .array(request.stopStrings.map { .string($0) })),
      JSONMember("seed", .string(String(request.seed))),
      JSONMember("step", .integer(Int(request.step))),
      JSONMember("observe", .bool(isObserved)),
    ]
    let prompts = request.prompts.map(\.tokens)
    let arrays: [(name: String, array: WireArray)] = [
      ("promptTokens", WireArray(prompts.flatMap(\.self))),
      ("promptOffsets", WireArray(Self.offsets(prompts.map(\.count)))),
      ("ids", WireArray(request.prompts.map(\.id))),
    ]
    let frame = try call("generate", header, arrays) { (event) throws(WireFault) in
      let places = try event.array("prompt").int32s()
      let samples = try event.array("sample").int32s()
      let tokens = try event.array("token").int32s()
      guard places.count == tokens.count, samples.count == tokens.count else {
        throw WireFault("expected as many prompts and samples as tokens")
      }
      let (groups, members) = (0..<Int32(prompts.count), 0..<Int32(request.samplesPerPrompt))
      guard places.allSatisfy(groups.contains), samples.allSatisfy(members.contains),
        tokens.allSatisfy({ $0 >= 0 })
      else {
        throw WireFault("expected tokens of the samples that were asked for, got others")
      }
      for i in tokens.indices { observe(Int(places[i]), Int(samples[i]), tokens[i]) }
      return nil
    }
    return try read("generate") { () throws(WireFault) in
      try Self.generation(frame, prompts, request)
    }
  }

  private static func generation(
    _ frame: WireFrame, _ prompts: [[Int32]], _ request: GenerationRequest
  ) throws(WireFault) -> Generation {
    let tokens = try frame.array("tokens").int32s()
    let offsets = try frame.array("offsets").integers()
    let logProbabilities = try frame.array("logProbabilities").floats()
    let isFinished = try frame.array("finished").flags()
    let samples = request.samplesPerPrompt
    let count = prompts.count * samples
    guard offsets.count == count + 1, isFinished.count == count, offsets.first == 0,
      offsets.last == tokens.count, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 }),
      logProbabilities.count == tokens.count
    else {
      throw WireFault("expected \(count) completions with a log-probability for each token")
    }
    guard tokens.allSatisfy({ $0 >= 0 }),
      zip(offsets, offsets.dropFirst()).allSatisfy({ $1 - $0 <= request.maximumTokens })
    else {
      throw WireFault(
        "expected completions of at most \(request.maximumTokens) tokens from 0 on, got others")
    }
    let completions = prompts.indices.map { prompt in
      (0..<samples).map { sample in
        let place = prompt * samples + sample
        return Array(tokens[offsets[place]..<offsets[place + 1]])
      }
    }
    return Generation(
      sequences: SequenceBatch(prompts: prompts, completions: completions),
      logProbabilities: logProbabilities, isFinished: isFinished)
  }

  private static func offsets(_ counts: [Int]) -> [Int] {
    var offsets = [0]
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    return offsets
  }
}
