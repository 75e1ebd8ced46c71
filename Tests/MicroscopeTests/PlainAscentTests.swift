import Foundation
import FulcrumKernel
import Microscope
import PluginHost
import Settings
import Testing
import TransformerPlugin
import YAML

/// The policy's AdamW, made plain ascent by its parameters.
@Suite struct PlainAscentTests {
  private func choice(_ policy: String) throws -> ComponentChoice {
    try RunConfiguration(tree: try ConfigurationTree(text: "policy: \(policy)", file: "t.yaml"))
      .choice("policy")
  }

  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// The floats of every tensor of a safetensors file, by name.
  private func tensors(_ file: String) throws -> [String: [Float]] {
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let length = data.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any])
    var result: [String: [Float]] = [:]
    for (name, entry) in header {
      guard let ends = (entry as? [String: Any])?["data_offsets"] as? [Int] else { continue }
      let bytes = [UInt8](data[8 + length + ends[0]..<8 + length + ends[1]])
      result[name] = stride(from: 0, to: bytes.count, by: 4).map { at in
        Float(
          bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
      }
    }
    return result
  }

  @Test func `the step is the learning rate times the gradient`() throws {
    let choice = try Ascent.plain(
      try choice("{use: p, vocabulary: 280, width: 32, layers: 1, heads: 2, context: 64}"),
      manual: TransformerPolicy.manual)
    let policy = try TransformerPolicy(
      try Parameters(
        choice.parameters, for: TransformerPolicy.manual.parameters, at: "policy"),
      context: ComponentContext(seed: 3, threads: 1))
    try policy.create(fromTexts: (0..<40).map { "a text of number \($0), and another" })
    let before = try folder()
    let after = try folder()
    try policy.save(to: before)
    let batch = SequenceBatch(prompts: [[40, 41, 42]], completions: [[[50, 60, 70], [51, 61]]])
    let scale = Float(Ascent.plainScale)
    try policy.accumulateGradient(of: batch, sequences: 0..<2, temperature: 1) {
      (_, _, weights) throws(FulcrumError) in
      for token in weights.indices { weights[token] = scale * (token % 2 == 0 ? 0.5 : -0.25) }
    }
    try policy.saveGradient(to: after + "/gradient")
    _ = try policy.applyGradient(learningRate: 0.5 / Ascent.plainScale)
    try policy.save(to: after)
    let (old, new) = (
      try tensors(before + "/model.safetensors"), try tensors(after + "/model.safetensors")
    )
    let gradient = try tensors(after + "/gradient")
    #expect(Set(old.keys) == Set(gradient.keys))
    var largest = 0.0
    for (name, values) in gradient {
      let (from, to) = (try #require(old[name]), try #require(new[name]))
      for place in values.indices {
        let step = 0.5 * Double(values[place]) / Ascent.plainScale
        largest = max(largest, abs(step))
        let error = abs(Double(to[place]) - Double(from[place]) - step)
        // f32 of a parameter near 1.
        #expect(error <= 1e-5 * abs(step) + 2e-7, "\(name)[\(place)]: \(step)")
      }
    }
    #expect(largest > 0.01)
    for path in [before, after] { try FileManager.default.removeItem(atPath: path) }
  }

  @Test func `a policy without these parameters has its own optimiser alone`() throws {
    let choice = try choice("table")
    #expect {
      try Ascent.plain(choice, manual: TablePolicy.manual)
    } throws: { error in
      "\(error)"
        == "--optimizer sgd: expected a policy with the parameters beta1, beta2, epsilon,"
        + " weight-decay, max-gradient-norm, which make its optimiser plain ascent; table has no"
        + " beta1\n  hint: --optimizer adamw takes the policy's own optimiser"
    }
  }
}
