import Foundation
import FulcrumKernel
import JSON
import Planning
import Testing

/// The engine counts parameters of real modules; all figures are whole numbers, so they must be equal.
@Suite struct ModelShapeTests {
  @Test func `published models have the parameters and operations of the real ones`() throws {
    let published = try Golden.read().at("published")
    #expect(published.members?.count == ModelShape.published.count)
    for shape in ModelShape.published {
      let facts = try published.at(shape.name)
      #expect(shape.parameterCount == (try facts.integer("parameters")), "\(shape.name)")
      #expect(shape.rowOperations == (try facts.number("row")))
      #expect(shape.pairOperations == (try facts.number("pair")))
      #expect(shape.headOperations == (try facts.number("scored")))
      #expect(shape.activationBytes(4) == (try facts.integer("activation_f32")))
      #expect(shape.activationBytes(2) == (try facts.integer("activation_bf16")))
      #expect(shape.stepBytes(2, rows: 1) == (try facts.number("step_bf16")))
      #expect(Double(shape.movedCacheBytes(2)) == (try facts.number("cached_bf16")))
      let adapters = shape.adapterWeights(rank: 16, targets: ["all-linear"])
      #expect(adapters == (try facts.integer("adapters")))
      let two = shape.adapterWeights(rank: 16, targets: ["q_proj", "v_proj"])
      #expect(two == (try facts.integer("adapters_qv")))
    }
  }

  @Test(arguments: ["qwen3", "qwen3-moe"])
  func `a configuration gives the counts of the model that it makes`(name: String) throws {
    let given = try Golden.read().at("configurations").at(name)
    let folder = try Folder()
    try folder.write(JSONWriter.compact(try given.at("config")), to: "config.json")
    let shape = try ModelShape(folder: folder.path)
    let facts = try given.at("facts")
    #expect(shape.parameterCount == (try facts.integer("parameters")))
    #expect(shape.rowOperations == (try facts.number("row")))
    #expect(shape.pairOperations == (try facts.number("pair")))
    #expect(shape.activationBytes(2) == (try facts.integer("activation_bf16")))
    #expect(Double(shape.movedCacheBytes(2)) == (try facts.number("cached_bf16")))
  }

  @Test func `an adapter's folder leads to its base`() throws {
    let tiny = Golden.tests.path + "/Fixtures/tiny-llama"
    let folder = try Folder()
    try folder.write(#"{"base_model_name_or_path": "\#(tiny)"}"#, to: "adapter_config.json")
    #expect(try ModelShape(folder: folder.path) == ModelShape(folder: tiny))
  }

  @Test func `the end of a published name is enough`() throws {
    #expect(ModelShape.named("7b")?.name == "Qwen2.5-7B")
    #expect(ModelShape.named("70B")?.name == "Llama-3.1-70B")
    #expect(ModelShape.named("qwen2.5-0.5b")?.layers == 24)
    #expect(ModelShape.named("B") == nil)
    #expect(try ModelShape.at("Qwen/Qwen2.5-7B-Instruct").name == "Qwen2.5-7B")
  }

  @Test(arguments: [
    (#"{"hidden_size": 8}"#, "expected a number under 'num_attention_heads', got nothing"),
    (
      #"{"hidden_size": "8"}"#,
      #"expected a whole number from 1 to 65536 under 'hidden_size', got "8""#
    ),
    (#"{"hidden_size": 0}"#, "expected a whole number from 1 to 65536 under 'hidden_size', got 0"),
    ("{", "not valid JSON at byte 1"),
  ])
  func `what can't be read is told with the file`(text: String, message: String) throws {
    let folder = try Folder()
    try folder.write(text, to: "config.json")
    let error = #expect(throws: FulcrumError.self) { _ = try ModelShape(folder: folder.path) }
    #expect(error?.message.hasPrefix(message) == true, "\(String(describing: error))")
    #expect(error?.location == folder.path + "/config.json")
  }

  @Test func `a folder without a model names what can be given`() throws {
    let folder = try Folder()
    let error = #expect(throws: FulcrumError.self) { _ = try ModelShape(folder: folder.path) }
    #expect(error?.message == "expected a model's folder with config.json, found none")
    #expect(error?.hint?.contains("Qwen2.5-7B") == true)
    try folder.write(#"{"base_model_name_or_path": "no/base"}"#, to: "adapter_config.json")
    let other = #expect(throws: FulcrumError.self) { _ = try ModelShape(folder: folder.path) }
    #expect(
      other?.message == "the adapter's base 'no/base' is no folder with config.json here")
  }

  /// A row is seen by two of four experts: three rows miss an expert with (1/2)³, so 4 · 7/8 are read.
  @Test func `a step of few rows reads the experts that they are expected to see`() {
    var shape = ModelShape(
      name: "m", layers: 1, width: 2, heads: 1, keyValueHeads: 1, headSize: 2, feedForward: 10,
      vocabulary: 5)
    shape.experts = 4
    shape.expertsOfToken = 2
    // Attention 4 · 2 · 2 = 16, router 2 · 4 = 8, an expert 3 · 2 · 10 = 60, the head 5 · 2 = 10; of parameters all
    // four experts, two norms of 2, an embedding beside the head, and a norm.
    #expect(shape.stepBytes(1, rows: 3) == 244)
    #expect(shape.parameterCount == 290)
  }
}

/// A folder that is gone after the test.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "planning-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
  }
}
