import FulcrumKernel
import JSON
import Wire

/// The engine's process, with what it said of the model when it started. Policies of one checkpoint
/// share it: the one that trains, and its frozen copies.
final class Engine {
  /// Holds what the engine says of a model, for the most part before its weights are there.
  struct Model {
    let summary: String
    let contextLength: Int
    let endToken: Int32
    let parameterCount: Int
    let facts: [ModelFact]
    /// Floating-point operations: of the layers' matrices for a row, of attention for a pair of rows
    /// that see each other, of the head for a scored token.
    let operations: (row: Double, pair: Double, scored: Double)
  }

  let program: WiredProgram
  /// The passes are in bf16.
  let isHalved: Bool
  /// vLLM samples the policy's completions.
  let hasVLLM: Bool
  private(set) var model: Model
  private var isLoaded = false
  /// Called once the weights are there, before anything else is done with them. They ask the program
  /// itself.
  private var whenLoaded: [() throws(FulcrumError) -> Void] = []

  /// Starts the process. The weights are not read yet.
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    isHalved = try parameters.text("precision") == "bf16"
    hasVLLM = try parameters.text("sampler") == "vllm"
    program = try WiredProgram(try EngineCommand.description(parameters))
    let given = [
      JSONMember("parameters", .object(try Self.encoded(parameters))),
      JSONMember("seed", .string(String(context.seed))),
      JSONMember("threads", .integer(context.threads)),
    ]
    let reply: WireFrame
    do throws(FulcrumError) {
      reply = try program.call("start", (given, []))
    } catch {
      throw Self.placed(error, parameters)
    }
    model = try program.sound("start") { () throws(WireFault) in try Model(reply) }
  }

  /// The time that the process has to say good-bye.
  private static let farewell = Duration.seconds(5)

  deinit {
    // A process that was asked ends with status 0, and its launcher has nothing to complain of.
    _ = try? program.call("end", limit: Self.farewell)
    program.end()
  }

  /// Reads the weights, if they were not read yet.
  func load() throws(FulcrumError) {
    if !isLoaded {
      let reply = try program.call("load")
      if let summary = reply["summary"]?.text {
        model = model.with(summary: summary, reply["facts"])
      }
      isLoaded = true
    }
    while !whenLoaded.isEmpty {
      // Work that fails stays, and is done again before the next call.
      try whenLoaded[0]()
      whenLoaded.removeFirst()
    }
  }

  /// Does something with the weights: now, or as the first thing once they are there.
  func afterLoading(_ work: @escaping () throws(FulcrumError) -> Void) throws(FulcrumError) {
    if isLoaded { try work() } else { whenLoaded.append(work) }
  }

  /// Asks for something that needs the weights.
  func call(
    _ name: String, _ header: [JSONMember] = [],
    _ arrays: [(name: String, array: WireArray)] = [],
    answer: (WireFrame) throws(WireFault) -> WiredProgram.Content? = { _ in nil }
  ) throws(FulcrumError) -> WireFrame {
    try load()
    return try program.call(name, (header, arrays), answer: answer)
  }

  /// The engine's complaint about a parameter, `parameter 'NAME': …`, at the parameter's place.
  private static func placed(_ error: FulcrumError, _ parameters: Parameters) -> FulcrumError {
    let parts = error.message.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard error.code == .parameter, parts.count == 3, parts[0] == "parameter ",
      parts[2].hasPrefix(": "),
      TorchPolicy.manual.parameters.contains(where: { $0.name == parts[1] })
    else { return error }
    return parameters.refuse(
      String(parts[1]), String(parts[2].dropFirst(2)), hint: error.hint)
  }

  /// The component's parameters but for those that are the client's own affair.
  private static func encoded(_ parameters: Parameters) throws(FulcrumError) -> [JSONMember] {
    let own: Set = ["python", "launch", "listen", "start-limit"]
    var members: [JSONMember] = []
    for parameter in TorchPolicy.manual.parameters where !own.contains(parameter.name) {
      let name = parameter.name
      let value: JSONValue
      switch parameter.kind {
      case .number: value = .number(try parameters.number(name))
      case .integer: value = .integer(try parameters.integer(name))
      case .flag: value = .bool(try parameters.flag(name))
      case .texts: value = .array(try parameters.texts(name).map { .string($0) })
      default: value = .string(try parameters.text(name))
      }
      members.append(JSONMember(name, value))
    }
    return members
  }
}

extension Engine.Model {
  init(_ frame: WireFrame) throws(WireFault) {
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(WireFault) -> Int {
      guard let value = frame[key]?.integer, range.contains(value) else {
        throw WireFault(
          "expected a whole number in \(range) as '\(key)', got \(frame[key]?.excerpt ?? "none")")
      }
      return value
    }
    summary = frame["summary"]?.text ?? "a model"
    contextLength = try integer("contextLength", 2...1 << 40)
    endToken = Int32(try integer("endToken", 0...Int(Int32.max)))
    parameterCount = try integer("parameterCount", 0...1 << 50)
    facts = Self.facts(frame["facts"])
    let operations = frame["operations"]
    self.operations = (
      operations?["row"]?.double ?? 0, operations?["pair"]?.double ?? 0,
      operations?["scored"]?.double ?? 0
    )
  }

  fileprivate func with(summary: String, _ facts: JSONValue?) -> Self {
    Self(
      summary: summary, contextLength: contextLength, endToken: endToken,
      parameterCount: parameterCount, facts: facts.map(Self.facts) ?? self.facts,
      operations: operations)
  }

  /// Reads pairs of a name and a value.
  private static func facts(_ value: JSONValue?) -> [ModelFact] {
    (value?.elements ?? []).compactMap { pair in
      guard let parts = pair.elements, parts.count == 2, let name = parts[0].text,
        let value = Self.value(parts[1])
      else { return nil }
      return ModelFact(name, value)
    }
  }

  private static func value(_ value: JSONValue) -> ParameterValue? {
    switch value {
    case .bool(let flag): .flag(flag)
    case .integer(let number): .integer(number)
    case .number(let number): .number(number)
    case .string(let text): .text(text)
    case .array(let elements):
      if elements.allSatisfy({ $0.integer != nil }) {
        .integers(elements.compactMap(\.integer))
      } else {
        .texts(elements.map { $0.text ?? $0.excerpt })
      }
    default: nil
    }
  }
}
