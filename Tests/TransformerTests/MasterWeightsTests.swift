import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// The weights in float32 beside the optimiser's state, where the checkpoint rounds them.
struct MasterWeightsTests {
  /// Trains a policy two steps and saves it, then gives it and its two folders away.
  private func withSaved(
    _ precision: String, _ way: ProductTests.Way = ProductTests.openBLAS,
    _ body: (_ policy: TransformerPolicy, _ checkpoint: String, _ optimizer: String) throws -> Void
  ) throws {
    let policy = try Fixtures.variedPolicy(
      .qwen3, threads: 2,
      more: way.parameters.merging(["save-precision": .text(precision)]) { _, new in new })
    try policy.train(steps: 2)
    try Fixtures.withTemporaryFolder { checkpoint in
      try Fixtures.withTemporaryFolder { optimizer in
        try policy.save(to: checkpoint)
        try policy.saveOptimizer(to: optimizer)
        try body(policy, checkpoint, optimizer)
      }
    }
  }

  private func read(
    _ checkpoint: String, _ precision: String, _ way: ProductTests.Way = ProductTests.openBLAS
  ) throws -> TransformerPolicy {
    try Fixtures.policy(
      way.parameters.merging(
        ["checkpoint": .text(checkpoint), "save-precision": .text(precision)]) { _, new in new })
  }

  private func hasMaster(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/master.safetensors")
  }

  @Test(arguments: ["bf16", "f16"], ProductTests.ways)
  func `a run that is saved rounded continues to the same bits`(
    precision: String, _ way: ProductTests.Way
  ) throws {
    try withSaved(precision, way) { policy, checkpoint, optimizer in
      #expect(hasMaster(optimizer))
      let again = try read(checkpoint, precision, way)
      // Else there is nothing to restore; and the products are those of the rounded weights.
      #expect(again.parameterBits != policy.parameterBits)
      let rounded = try again.allScores(TrainedBatch.batch).logProbabilities
      try again.loadOptimizer(from: optimizer)
      #expect(again.parameterBits == policy.parameterBits)
      let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
      #expect(try again.allScores(TrainedBatch.batch).logProbabilities == scores)
      // Products in bf16 round to the same numbers anyway; norms are not multiplied by matrices.
      #expect(rounded != scores)
      try policy.train(steps: 3)
      try again.train(steps: 3)
      #expect(again.parameterBits == policy.parameterBits)
      #expect(again.training?.optimizer.stepCount == 5)
    }
  }

  @Test func `there are masters only where the checkpoint rounds`() throws {
    try withSaved("f32") { policy, checkpoint, optimizer in
      #expect(!hasMaster(optimizer))
      // What is read in float32 and saved in bfloat16 has one, and so has the next.
      let half = try read(checkpoint, "bf16")
      try half.loadOptimizer(from: optimizer)
      #expect(half.parameterBits == policy.parameterBits)
      try Fixtures.withTemporaryFolder { folder in
        try half.save(to: folder)
        try half.saveOptimizer(to: folder)
        #expect(hasMaster(folder))
        let same = try read(folder, "same")
        try same.loadOptimizer(from: folder)
        #expect(same.parameterBits == policy.parameterBits)
        try Fixtures.withTemporaryFolder { folder in
          try same.saveOptimizer(to: folder)
          #expect(hasMaster(folder))
        }
        try Fixtures.withTemporaryFolder { folder in
          try read(checkpoint, "same").saveOptimizer(to: folder)
          #expect(!hasMaster(folder))
        }
      }
    }
  }

  /// Everything that loading could have changed.
  private struct State: Equatable {
    let parameters, moments, gradients: [UInt32]
    let step: Int?

    init(_ policy: TransformerPolicy) throws {
      parameters = policy.parameterBits
      let tensors = try #require(policy.network).layout.tensors
      func bits(_ buffer: FloatBuffer?) -> [UInt32] {
        guard let buffer else { return [] }
        return tensors.flatMap { $0.range.map { buffer.pointer[$0].bitPattern } }
      }
      moments = policy.training?.optimizer.moments.flatMap { bits($0.values) } ?? []
      gradients = bits(policy.training?.gradients)
      step = policy.training?.optimizer.stepCount
    }
  }

  private func edit(_ path: String, _ change: (Data) -> Data) throws {
    let url = URL(fileURLWithPath: path)
    try change(try Data(contentsOf: url)).write(to: url)
  }

  @Test func `damaged states are refused, and leave the policy as it was`() throws {
    try withSaved("bf16") { _, checkpoint, optimizer in
      let trained = try Fixtures.variedPolicy(.qwen3, more: ["save-precision": .text("bf16")])
      try trained.train(steps: 1)
      try trained.accumulate(TrainedBatch.batch, weights: [1, 1, 1, 1, 1, 1])
      let fresh = try read(checkpoint, "bf16")
      let before = try [trained, fresh].map(State.init)
      #expect(before[1].step == nil)

      let master = optimizer + "/master.safetensors"
      let state = optimizer + "/optimizer.safetensors"
      let files = try [master, state].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
      /// The sentence, after which the files are whole again.
      func refusal() throws -> String {
        var sentences: Set<String> = []
        for (policy, old) in zip([trained, fresh], before) {
          let error = try #require(throws: FulcrumError.self) {
            try policy.loadOptimizer(from: optimizer)
          }
          #expect(error.code == .checkpoint)
          #expect(try State(policy) == old)
          sentences.insert(
            error.description.replacingOccurrences(of: optimizer + "/", with: ""))
        }
        for (path, data) in zip([master, state], files) {
          try data.write(to: URL(fileURLWithPath: path))
        }
        #expect(sentences.count == 1)
        return sentences.first ?? ""
      }

      try FileManager.default.removeItem(atPath: master)
      #expect(
        try refusal()
          == """
          optimizer.safetensors: there is no 'master.safetensors', which should hold the weights \
          in float32
            hint: the checkpoint is incomplete: use an earlier one
          """)

      let tensors = try Fixtures.tensors(master)
      try Fixtures.write(tensors, to: master, precision: .bf16)
      #expect(
        try refusal()
          == """
          master.safetensors: tensor 'model.embed_tokens.weight' is stored as bf16, expected f32
            hint: rounded numbers don't continue to the same bits
          """)

      try Fixtures.write(tensors.filter { $0.name != "model.norm.weight" }, to: master)
      #expect(
        try refusal().hasPrefix("master.safetensors: there is no tensor 'model.norm.weight'"))

      try edit(master) { $0.dropLast(4) }
      #expect(try refusal().hasPrefix("master.safetensors: "))

      try edit(state) { $0.replacing("\"master.safetensors\"", with: "\"mister.safetensors\"") }
      #expect(
        try refusal()
          == """
          optimizer.safetensors: expected 'master.safetensors' in the metadata under 'master', \
          got 'mister.safetensors'
            hint: the file was not written by this policy's optimiser
          """)

      try edit(state) { $0.replacing("\"step\":\"2\"", with: "\"step\":\"x\"") }
      #expect(
        try refusal()
          == """
          optimizer.safetensors: expected the number of steps in the metadata under 'step', got 'x'
            hint: the file was not written by this policy's optimiser
          """)

      try edit(state) { $0.replacing("exp_avg_sq.model.norm", with: "exp_avg_sq.model.nork") }
      #expect(
        try refusal().hasPrefix(
          "optimizer.safetensors: there is no tensor 'exp_avg_sq.model.norm.weight'"))

      try Fixtures.write(
        Fixtures.tensors(state), to: state, precision: .bf16, metadata: ["step": "2"])
      #expect(
        try refusal()
          == """
          optimizer.safetensors: tensor 'exp_avg.model.embed_tokens.weight' is stored as bf16, \
          expected f32
            hint: rounded numbers don't continue to the same bits
          """)

      // Whole again, both load.
      for policy in [trained, fresh] {
        try policy.loadOptimizer(from: optimizer)
        #expect(policy.training?.optimizer.stepCount == 2)
      }
    }
  }
}
