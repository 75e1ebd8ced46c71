import FulcrumKernel
import JSON
import Wire

/// Tells what the model is, writes conversations as it does, and measures the machine.
extension TorchPolicy: DescribedPolicy, ChatTemplatePolicy, SpeedReportingPolicy,
  MemoryEstimatingPolicy
{
  package var facts: [ModelFact] { engine.model.facts }
  package var parameterCount: Int { engine.model.parameterCount }

  /// By the checkpoint's own template, which transformers runs.
  package func render(_ messages: [ChatMessage]) throws(FulcrumError) -> String? {
    let text = JSONWriter.compact(.array(messages.map(\.json)))
    let frame = try engine.program.call("render", ([], [("text", WireArray(text: text))]))
    guard frame["has"]?.bool == true else { return nil }
    return try read("render") { () throws(WireFault) in try frame.array("text").text() }
  }

  /// By the formula of Documentation/Engine.md, from the model's configuration.
  package func memory(for demand: MemoryDemand) throws(FulcrumError) -> [MemoryPart] {
    let frame = try engine.program.call(
      "memory",
      (
        [
          JSONMember("promptTokens", .integer(demand.promptTokens)),
          JSONMember("completionTokens", .integer(demand.completionTokens)),
          JSONMember("completions", .integer(demand.completions)),
          JSONMember("reference", .bool(demand.hasReference)),
        ], []
      ))
    return try read("memory") { () throws(WireFault) in
      guard let parts = frame["parts"]?.elements else {
        throw WireFault("expected a list of parts of the memory")
      }
      return parts.compactMap { part in
        guard let pair = part.elements, pair.count == 2, let name = pair[0].text,
          let bytes = pair[1].integer
        else { return nil }
        return MemoryPart(name, bytes: bytes)
      }
    }
  }

  package func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double {
    guard promptTokens > 0, completionTokens > 0 else { return 0 }
    let operations = engine.model.operations
    // The last token predicts nothing and is not computed.
    let rows = Double(promptTokens + completionTokens - 1)
    return operations.row * rows + operations.pair * rows * (rows + 1) / 2
      + operations.scored * Double(completionTokens)
  }

  package func measureMatrixPeak() throws(FulcrumError) -> Double {
    let frame = try call("peak")
    return try read("peak") { () throws(WireFault) in
      guard let operations = frame["operations"]?.double, operations > 0 else {
        throw WireFault("expected a speed above 0, got \(frame["operations"]?.excerpt ?? "none")")
      }
      return operations
    }
  }
}
