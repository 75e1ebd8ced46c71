import FulcrumKernel
import JSON
import Wire

/// Writes a request to sample in the wire's form, and reads the completions.
struct GenerationArrays {
  let header: [JSONMember]
  let arrays: [(name: String, array: WireArray)]

  /// - Parameter isObserved: whether tokens are told as they come.
  init(_ request: GenerationRequest, isObserved: Bool = false) {
    header = [
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
    arrays = [
      ("promptTokens", WireArray(prompts.flatMap(\.self))),
      ("promptOffsets", WireArray(Self.offsets(prompts.map(\.count)))),
      ("ids", WireArray(request.prompts.map(\.id))),
    ]
  }

  /// Reads what was sampled, and checks that it is of the shape that was asked for.
  static func generation(
    _ frame: WireFrame, of request: GenerationRequest
  ) throws(WireFault) -> Generation {
    let prompts = request.prompts.map(\.tokens)
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
