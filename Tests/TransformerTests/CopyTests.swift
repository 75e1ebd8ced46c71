import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Frozen copies, and states that are set aside and put back.
struct CopyTests {
  private func frozen(_ policy: TransformerPolicy) throws -> TransformerPolicy {
    try #require(try policy.frozenCopy() as? TransformerPolicy)
  }

  // MARK: Frozen copies

  @Test(arguments: ModelFamily.allCases, ProductTests.ways)
  func `a copy scores to the same bits, and stays when the policy moves`(
    _ family: ModelFamily, _ way: ProductTests.Way
  ) throws {
    let policy = try Fixtures.variedPolicy(family, threads: 2, more: way.parameters)
    try policy.train(steps: 2)
    let scores = try policy.allScores(TrainedBatch.batch, temperature: 0.7)
    let bits = policy.parameterBits
    let copy = try frozen(policy)
    #expect(copy.parameterBits == bits)
    for _ in 0..<2 {
      let own = try copy.allScores(TrainedBatch.batch, temperature: 0.7)
      #expect(own.logProbabilities == scores.logProbabilities)
      #expect(own.entropies == scores.entropies && own.levers == scores.levers)
      try policy.train(steps: 1)
    }
    #expect(copy.parameterBits == bits && policy.parameterBits != bits)
    // A reference has no gradient and no optimiser.
    #expect(copy.training == nil)
    let text = "<|im_start|>knights and knaves<|im_end|>"
    #expect(try copy.encode(text) == policy.encode(text))
    #expect(copy.summary == policy.summary && copy.facts == policy.facts)
  }

  /// Weights in f32 also where the checkpoint's are rounded.
  @Test func `a copy needs no file`() throws {
    let trained = try Fixtures.variedPolicy(.qwen2, more: ["save-precision": .text("bf16")])
    var read: TransformerPolicy?
    try Fixtures.withTemporaryFolder { folder in
      try trained.save(to: folder)
      read = try Fixtures.policy([
        "checkpoint": .text(folder), "save-precision": .text("same"),
      ])
    }
    // The folder is gone.
    let policy = try #require(read)
    try policy.train(steps: 1)
    let copy = try frozen(policy)
    #expect(copy.parameterBits == policy.parameterBits)
    // It is saved as its policy would be.
    var files: [Data] = []
    for policy in [policy, copy] {
      try Fixtures.withTemporaryFolder { folder in
        try policy.save(to: folder)
        files.append(
          try Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors")))
      }
    }
    #expect(files[0] == files[1])
  }

  @Test func `a copy can follow its policy, and be trained on its own`() throws {
    let policy = try Fixtures.smallPolicy(threads: 2)
    let copy = try frozen(policy)
    try policy.train(steps: 3)
    try copy.blend(with: policy, share: 0.5)
    #expect(copy.parameterBits != policy.parameterBits)
    try copy.blend(with: policy, share: 1)
    #expect(copy.parameterBits == policy.parameterBits)
    let moved = policy.parameterBits
    try copy.train(steps: 1)
    #expect(copy.parameterBits != moved && policy.parameterBits == moved)
  }

  @Test func `without a model there is nothing to copy or set aside`() throws {
    let policy = try Fixtures.policy([:])
    for body in [
      { _ = try policy.frozenCopy() }, { _ = try policy.snapshot() },
    ] as [() throws -> Void] {
      let error = #expect(throws: FulcrumError.self) { try body() }
      #expect(error?.message == "the policy has no model yet")
    }
  }

  // MARK: Snapshots

  @Test(arguments: ["adamw", "sgd"], ProductTests.ways)
  func `a restored policy goes on to the same bits, any number of times`(
    optimizer: String, _ way: ProductTests.Way
  ) throws {
    let policy = try Fixtures.variedPolicy(
      .qwen3, threads: 2,
      more: way.parameters.merging(["optimizer": .text(optimizer)]) { $1 })
    try policy.train(steps: 2)
    let bits = policy.parameterBits
    let scores = try policy.allScores(TrainedBatch.batch).logProbabilities
    let snapshot = try policy.snapshot()
    try policy.train(steps: 3)
    let later = policy.parameterBits
    #expect(later != bits)
    for _ in 0..<3 {
      // Half a gradient must not be left.
      try policy.accumulate(TrainedBatch.batch, weights: [5, 5, 5, 5, 5, 5])
      try policy.restore(snapshot)
      #expect(policy.parameterBits == bits)
      #expect(policy.training?.optimizer.stepCount == 2)
      #expect(try policy.allScores(TrainedBatch.batch).logProbabilities == scores)
      try policy.train(steps: 3)
      #expect(policy.parameterBits == later)
    }
  }

  @Test func `a policy that had taken no step has taken none again`() throws {
    let policy = try Fixtures.smallPolicy()
    let fresh = try Fixtures.smallPolicy()
    let snapshot = try policy.snapshot()
    try policy.train(steps: 2)
    try policy.restore(snapshot)
    #expect(policy.training?.optimizer.stepCount ?? 0 == 0)
    try policy.train(steps: 2)
    try fresh.train(steps: 2)
    #expect(policy.parameterBits == fresh.parameterBits)
  }

  private final class Other: PolicySnapshot {}

  @Test func `another policy's snapshot is refused, and changes nothing`() throws {
    let policy = try Fixtures.smallPolicy()
    let twin = try frozen(policy)
    let before = policy.parameterBits
    for snapshot in [try twin.snapshot(), Other()] as [any PolicySnapshot] {
      let error = #expect(throws: FulcrumError.self) { try policy.restore(snapshot) }
      #expect(error?.code == .usage)
      #expect(
        error?.description == "transformer: expected a snapshot of this policy, got another's")
    }
    #expect(policy.parameterBits == before)
  }
}
