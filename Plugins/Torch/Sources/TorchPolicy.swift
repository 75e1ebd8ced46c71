import FulcrumKernel
import JSON
import Wire

/// Samples, scores and trains by PyTorch in processes of its own, which it asks over a socket.
///
/// The engine is a Python package, Plugins/Torch/Engine; what is asked of it is in
/// Documentation/Wire.md. A policy starts the processes when it is made, and reads the weights when they
/// are first needed, or by `load`.
package final class TorchPolicy: PolicyModel {
  /// The engine's name for one set of weights; its memory is freed with this.
  final class Slot {
    /// 0: the weights that the checkpoint's were; `nil`: a copy that waits for them.
    var number: Int?
    private weak var engine: Engine?

    init(_ number: Int?, of engine: Engine) {
      self.number = number
      self.engine = engine
    }

    deinit {
      guard let number, number > 0 else { return }
      _ = try? engine?.call("release", [JSONMember("model", .integer(number))])
    }
  }

  let engine: Engine
  let slot: Slot
  /// The request that vLLM works on while the policy trains.
  var underWay: GenerationRequest?

  /// Starts the engine.
  ///
  /// - Throws: `.parameter` for what the manual can't express; `.program` if the engine doesn't start;
  ///   what it says of the checkpoint's configuration and tokenizer.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    engine = try Engine(parameters, context: context)
    slot = Slot(0, of: engine)
  }

  /// A policy of other weights in the same engine.
  init(_ engine: Engine, _ slot: Slot) {
    self.engine = engine
    self.slot = slot
  }

  package var summary: String { engine.model.summary }
  package var contextLength: Int { engine.model.contextLength }
  package var endToken: Int32 { engine.model.endToken }

  /// Names this policy's weights in a call.
  func model() throws(FulcrumError) -> JSONMember {
    try engine.load()
    guard let number = slot.number else {
      preconditionFailure("a copy has its number once the weights are there")
    }
    return JSONMember("model", .integer(number))
  }

  /// Asks for something that concerns these weights.
  func call(
    _ name: String, _ header: [JSONMember] = [],
    _ arrays: [(name: String, array: WireArray)] = [],
    answer: (WireFrame) throws(WireFault) -> WiredProgram.Content? = { _ in nil }
  ) throws(FulcrumError) -> WireFrame {
    try engine.call(name, [try model()] + header, arrays, answer: answer)
  }

  package func encode(_ text: String) throws(FulcrumError) -> [Int32] {
    let frame = try engine.program.call("encode", ([], [("text", WireArray(text: text))]))
    return try read("encode") { () throws(WireFault) in try frame.array("tokens").int32s() }
  }

  package func decode(
    _ tokens: [Int32], keepingSpecialTokens: Bool
  ) throws(FulcrumError) -> String {
    let frame = try engine.program.call(
      "decode",
      (
        [JSONMember("keepSpecial", .bool(keepingSpecialTokens))],
        [("tokens", WireArray(tokens))]
      ))
    return try read("decode") { () throws(WireFault) in try frame.array("text").text() }
  }

  package func save(to directory: String) throws(FulcrumError) {
    _ = try call("save", [JSONMember("directory", .string(directory))])
  }

  package func saveOptimizer(to directory: String) throws(FulcrumError) {
    _ = try call("saveOptimizer", [JSONMember("directory", .string(directory))])
  }

  package func loadOptimizer(from directory: String) throws(FulcrumError) {
    _ = try call("loadOptimizer", [JSONMember("directory", .string(directory))])
  }

  /// Reads a reply; the engine is given up if it isn't what was asked for.
  func read<Result>(
    _ call: String, _ work: () throws(WireFault) -> Result
  ) throws(FulcrumError) -> Result {
    try engine.program.sound(call, work)
  }
}
