import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// What holds for adapters as for whole weights: bits, states, copies.
struct LoRAStateTests {
  private func generation(_ policy: TransformerPolicy) throws -> Generation {
    try policy.generate(
      GenerationRequest(
        prompts: (0..<9).map { .init(tokens: [Int32(7 + $0), 9, 4], id: UInt32($0)) },
        samplesPerPrompt: 12, maximumTokens: 40, temperature: 1, seed: 3, step: 1))
  }

  /// Matrices of several panels, whole and cut; completions of many lengths, so that tiles and shared
  /// columns occur.
  private func base() throws -> TransformerPolicy {
    try Fixtures.variedPolicy(
      .qwen2,
      more: [
        "width": .integer(160), "heads": .integer(5), "key-value-heads": .integer(1),
        "hidden-width": .integer(328),
      ])
  }

  @Test(arguments: ProductTests.ways, [3, 40])
  func `sampled and trained log-probabilities are the same bits`(
    _ way: ProductTests.Way, rank: Int
  ) throws {
    try Fixtures.withAdapted(
      base(), threads: 2, more: way.parameters.merging(["lora-rank": .integer(rank)]) { $1 }
    ) { policy, folder in
      let generation = try generation(policy)
      let scores = try policy.allScores(generation.sequences).logProbabilities
      #expect(generation.sequences.tokenCount > 1000)
      let plain = try Fixtures.policy(
        way.parameters.merging(["checkpoint": .text(folder)]) { $1 })
      let others = try plain.allScores(generation.sequences).logProbabilities
      #expect(zip(scores, others).contains { abs($0 - $1) > 0.1 })
      guard way.products == "openblas", !MatrixProduct.rowsStandAlone else {
        #expect(scores == generation.logProbabilities)
        return
      }
      // Sums of up to 328 products in two orders, through the layers, in f32.
      for (one, other) in zip(scores, generation.logProbabilities) {
        #expect(abs(one - other) < 1e-4)
      }
    }
  }

  @Test(arguments: ProductTests.ways)
  func `adapters and samples are the same bits for 1, 2 and 4 threads`(
    _ way: ProductTests.Way
  ) throws {
    try Fixtures.withAdapted(base()) { _, folder in
      let results = try [1, 2, 4].map { threads in
        let policy = try Fixtures.adapted(folder, threads: threads, more: way.parameters)
        try policy.train(steps: 3)
        let generation = try generation(policy)
        return (policy.trainedBits, generation.logProbabilities)
      }
      for result in results.dropFirst() {
        #expect(result.0 == results[0].0)
        #expect(result.1 == results[0].1)
      }
    }
  }

  @Test(arguments: ProductTests.ways)
  func `fresh adapters are the base to the bit, and train only themselves`(
    _ way: ProductTests.Way
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      try Fixtures.variedPolicy(.llama).save(to: folder)
      let plain = try Fixtures.policy(way.parameters.merging(["checkpoint": .text(folder)]) { $1 })
      let policy = try Fixtures.adapted(folder, more: way.parameters)
      let scores = try plain.allScores(TrainedBatch.batch).logProbabilities
      #expect(try policy.allScores(TrainedBatch.batch).logProbabilities == scores)
      let base = policy.parameterBits
      let bound = 1 / Float(24).squareRoot()
      for tensor in try #require(policy.network).trainedTable.tensors {
        let values = tensor.range.map { policy.network?.trained.pointer[$0] ?? .nan }
        if tensor.name.contains("lora_B") {
          #expect(values.allSatisfy { $0 == 0 })
        } else if !tensor.name.contains("down_proj") {
          // Uniform within 1 / √inputs: 72 draws come near both ends.
          #expect(values.allSatisfy { abs($0) <= bound })
          #expect((values.max() ?? 0) > 0.8 * bound && (values.min() ?? 0) < -0.8 * bound)
        }
      }
      try policy.train(steps: 2)
      #expect(policy.parameterBits == base)
      #expect(try policy.allScores(TrainedBatch.batch).logProbabilities != scores)
      // 7 in each of 2 layers, two factors each; moments and gradient have their size.
      let training = try #require(policy.training)
      let table = try #require(policy.network).trainedTable
      #expect(table.tensors.count == 28)
      #expect(training.gradients.count == table.floatCount)
      #expect(
        training.optimizer.moments.map(\.values.count) == [table.floatCount, table.floatCount])
    }
  }

  @Test(arguments: ["adapter", "merged"])
  func `a saved run goes on to the same bits`(saving: String) throws {
    try Fixtures.withAdapted(Fixtures.variedPolicy(.qwen3), more: ["lora-save": .text(saving)]) {
      policy, _ in
      try policy.train(steps: 2)
      try Fixtures.withTemporaryFolder { checkpoint in
        try Fixtures.withTemporaryFolder { optimizer in
          try policy.save(to: checkpoint)
          try policy.saveOptimizer(to: optimizer)
          #expect(
            try FileManager.default.contentsOfDirectory(atPath: optimizer) == [
              "optimizer.safetensors"
            ])
          let again = try Fixtures.policy(
            ["checkpoint": .text(checkpoint), "lora-save": .text(saving)], threads: 2)
          #expect(again.trainedBits == policy.trainedBits)
          #expect(again.parameterBits == policy.parameterBits)
          try again.loadOptimizer(from: optimizer)
          try policy.train(steps: 3)
          try again.train(steps: 3)
          #expect(again.trainedBits == policy.trainedBits)
          #expect(again.training?.optimizer.stepCount == 5)
        }
      }
    }
  }

  @Test func `a copy shares the base, scores to the same bits and stays`() throws {
    try Fixtures.withAdapted(Fixtures.variedPolicy(.qwen3), threads: 2) { policy, _ in
      try policy.train(steps: 1)
      let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
      let copy = try #require(try policy.frozenCopy() as? TransformerPolicy)
      #expect(copy.network?.parameters === policy.network?.parameters)
      #expect(copy.network?.trained !== policy.network?.trained)
      try policy.train(steps: 2)
      #expect(try copy.allScores(TrainedBatch.batch).logProbabilities == scores)
      #expect(copy.training == nil)
      #expect(copy.summary == policy.summary && copy.facts == policy.facts)
      try copy.blend(with: policy, share: 0.5)
      #expect(copy.trainedBits != policy.trainedBits)
      try copy.blend(with: policy, share: 1)
      #expect(copy.trainedBits == policy.trainedBits)
      #expect(try copy.allScores(TrainedBatch.batch).logProbabilities != scores)
    }
  }

  @Test func `an estimate counts what is trained, and the base once`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try base().save(to: folder)
      let whole = try Fixtures.policy(["checkpoint": .text(folder)])
      let policy = try Fixtures.adapted(folder)
      func parts(_ policy: TransformerPolicy, hasReference: Bool) -> [String: Int] {
        Dictionary(
          uniqueKeysWithValues: policy.memory(
            for: MemoryDemand(
              promptTokens: 20, completionTokens: 40, completions: 64, hasReference: hasReference)
          ).map { ($0.name, $0.bytes) })
      }
      let (own, all) = (parts(policy, hasReference: true), parts(whole, hasReference: true))
      let network = try #require(policy.network)
      let (weights, trained) = (4 * network.layout.floatCount, 4 * network.trainedTable.floatCount)
      #expect(own["weights, f32"] == weights && all["weights, f32"] == weights)
      #expect(own["gradient, f32"] == trained && all["gradient, f32"] == weights)
      #expect(own["optimiser's moments, f32"] == 2 * trained)
      #expect(all["optimiser's moments, f32"] == 2 * weights)
      #expect(own["reference's adapters, f32"] == 2 * trained)
      #expect((all["reference's weights, f32"] ?? 0) >= weights)
      #expect(parts(whole, hasReference: false)["reference's weights, f32"] == nil)
      let plain = try Fixtures.policy(["checkpoint": .text(folder), "optimizer": .text("sgd")])
      #expect(parts(plain, hasReference: true)["optimiser's moments, f32"] == nil)
      // Activations of all 64 sequences: of each token at least its residual stream, in 2 layers.
      #expect((all["training: activations of 3840 tokens"] ?? 0) > 4 * 3840 * 2 * 160)
    }
  }

  @Test func `a reference is read beside the policy, over one base`() throws {
    try Fixtures.withAdapted(Fixtures.variedPolicy(.qwen2)) { policy, folder in
      let plain = try Fixtures.policy(["checkpoint": .text(folder)])
      let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
      func read(_ checkpoint: String) throws -> TransformerPolicy {
        try #require(try policy.readReference(from: checkpoint) as? TransformerPolicy)
      }
      // The path is another, the folder the same.
      let base = try read(folder + "/../" + (folder as NSString).lastPathComponent)
      #expect(base.network?.parameters === policy.network?.parameters)
      let plainScores = try plain.allScores(TrainedBatch.batch).logProbabilities
      #expect(try base.allScores(TrainedBatch.batch).logProbabilities == plainScores)
      try Fixtures.withTemporaryFolder { saved in
        try policy.save(to: saved)
        try policy.train(steps: 1)
        let reference = try read(saved)
        #expect(reference.network?.parameters === policy.network?.parameters)
        #expect(try reference.allScores(TrainedBatch.batch).logProbabilities == scores)
        try reference.blend(with: policy, share: 1)
        #expect(reference.trainedBits == policy.trainedBits)
        let whole = try #require(try plain.readReference(from: folder) as? TransformerPolicy)
        #expect(whole.parameterBits == plain.parameterBits)
        #expect(whole.network?.parameters !== plain.network?.parameters)
      }
      let other = Fixtures.checkpoint("tiny-qwen2")
      let error = try #require(throws: FulcrumError.self) { try read(other) }
      #expect(error.code == .checkpoint && error.message.hasSuffix("got '\(other)'"))
      #expect(error.message.hasPrefix("expected an adapter of '"))
    }
  }

  @Test func `a snapshot is restored to the bit`() throws {
    try Fixtures.withAdapted(Fixtures.variedPolicy(.llama)) { policy, _ in
      try policy.train(steps: 1)
      let bits = policy.trainedBits
      let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
      let snapshot = try policy.snapshot()
      try policy.train(steps: 2)
      let later = policy.trainedBits
      #expect(later != bits)
      try policy.restore(snapshot)
      #expect(policy.trainedBits == bits)
      #expect(try policy.allScores(TrainedBatch.batch).logProbabilities == scores)
      try policy.train(steps: 2)
      #expect(policy.trainedBits == later)
    }
  }

  @Test func `blends of other adapters, other bases and whole weights are refused`() throws {
    func message(_ policy: TransformerPolicy, _ other: TransformerPolicy) -> String? {
      do throws(FulcrumError) {
        try policy.blend(with: other, share: 0.5)
        return nil
      } catch {
        return "\(error.code.rawValue): \(error.message)"
      }
    }
    try Fixtures.withAdapted(Fixtures.variedPolicy(.qwen2)) { policy, folder in
      let before = policy.trainedBits
      let sixth = try Fixtures.adapted(folder, more: ["lora-rank": .integer(6)])
      let plain = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(
        message(policy, sixth)
          == "usage: expected a policy of the same adapters to blend with: 14 of rank 3, scaled by"
          + " 1.5; got 14 of rank 6, scaled by 0.75")
      #expect(
        message(plain, policy)
          == "usage: expected a policy of the same adapters to blend with: none; got 14 of rank 3,"
          + " scaled by 1.5")
      let moved = try Fixtures.policy(["checkpoint": .text(folder)])
      try moved.train(steps: 1)
      try Fixtures.withAdapted(moved) { other, _ in
        #expect(
          message(policy, other)
            == "usage: expected adapters of the same base to blend with, got those of another")
      }
      #expect(message(policy, try Fixtures.adapted(folder)) == nil)
      #expect(policy.trainedBits != before)
    }
  }

  @Test func `weights in f32 agree with the merged model, and its rows with a token`() throws {
    try Fixtures.withAdapted(
      Fixtures.variedPolicy(.qwen3), more: ["lora-save": .text("merged")]
    ) { policy, base in
      try Fixtures.withTemporaryFolder { folder in
        try policy.save(to: folder)
        let whole = try Fixtures.policy(["checkpoint": .text(folder)])
        #expect(whole.network?.adapter == nil)
        let merged = try Fixtures.tensors(folder + "/model.safetensors")
        let source = try Fixtures.tensors(base + "/model.safetensors")
        #expect(merged.map(\.name) == source.map(\.name))
        for (one, other) in zip(merged, source) {
          #expect((one.values == other.values) != one.name.contains("_proj.weight"), "\(one.name)")
        }
        let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
        // Products of base and adapter are added in another order: logits of size 4 in float32.
        for (one, other) in zip(try whole.allScores(TrainedBatch.batch).logProbabilities, scores) {
          #expect(abs(one - other) < 2e-5)
        }
      }
    }
  }
}
