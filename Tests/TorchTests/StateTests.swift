import Foundation
import FulcrumKernel
import Testing
import TorchPlugin
import Wire

/// When weights are read, copied and freed.
@Suite("weights over the wire") struct StateTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  @Test("texts and facts are there before the weights, which are read once")
  func lazy() throws {
    let policy = try bench.policy()
    #expect(policy.summary == "a bigram, not loaded")
    #expect(policy.contextLength == 4096 && policy.endToken == 0)
    #expect(policy.parameterCount == 128 * 128)
    let names = policy.facts.map(\.name)
    #expect(names == ["vocabulary", "layers", "family"])
    let tokens = try policy.encode("ab")
    #expect(tokens == [97, 98])
    #expect(try policy.decode(tokens + [0], keepingSpecialTokens: true) == "ab<end>")
    #expect(try policy.decode(tokens + [0], keepingSpecialTokens: false) == "ab")
    #expect(try policy.render([ChatMessage(.user, "hi")]) == "[user] hi\n")
    #expect(bench.lines("loads").isEmpty)
    _ = try policy.logProbabilities()
    #expect(policy.summary == "a bigram")
    try policy.load()
    _ = try policy.generate(TorchPolicy.request)
    #expect(bench.lines("loads").count == 1)
    #expect(bench.lines("starts") == ["7 2"])
  }

  @Test("an error of the engine's leaves it as it was")
  func refusals() throws {
    let policy = try bench.policy()
    let data = #expect(throws: FulcrumError.self) {
      _ = try policy.decode([500], keepingSpecialTokens: true)
    }
    #expect(data == FulcrumError(.data, "expected tokens below 128", at: "torch"))
    let unknown = #expect(throws: FulcrumError.self) {
      _ = try policy.logProbabilities(statistics: [.topTokens(3), .massAbove(0.5)])
      var request = TorchPolicy.request
      request.prompts = [.init(tokens: [], id: 1)]
      _ = try policy.generate(request)
    }
    #expect(unknown?.message == "prompt 0 is empty or leaves no room")
    #expect(try policy.logProbabilities().count == 8)
  }

  @Test("a checkpoint that isn't there is told at the start")
  func noCheckpoint() throws {
    let error = #expect(throws: FulcrumError.self) {
      _ = try bench.policy(["checkpoint": .text("/no/such")])
    }
    #expect(
      error
        == FulcrumError(
          .checkpoint, "no checkpoint at '/no/such'", at: "torch", hint: "give a folder"))
    #expect(bench.living.isEmpty)
  }

  @Test("a copy made before the weights are read has those that were read")
  func copyBeforeLoading() throws {
    let policy = try bench.policy()
    let copy = try #require(try policy.frozenCopy() as? TorchPolicy)
    #expect(bench.lines("loads").isEmpty)
    // The policy moves before the copy is asked for the first time.
    try policy.accumulate()
    _ = try policy.applyGradient(learningRate: 0.1)
    let fresh = try bench.policy().logProbabilities()
    #expect(try copy.logProbabilities() == fresh)
    #expect(try policy.logProbabilities() != fresh)
  }

  @Test("a copy of a copy is made before the weights are read, too")
  func copyOfCopy() throws {
    let policy = try bench.policy()
    let copy = try #require(try policy.frozenCopy() as? TorchPolicy)
    let second = try #require(try copy.frozenCopy() as? TorchPolicy)
    #expect(try second.logProbabilities() == policy.logProbabilities())
  }

  @Test("a copy that is let go frees its memory in the engine, and so does a snapshot")
  func release() throws {
    let policy = try bench.policy()
    try policy.load()
    for _ in 0..<3 { _ = try policy.frozenCopy() }
    // The policy itself is left.
    #expect(bench.lines("models") == ["1", "1", "1"])
    var copy = try policy.frozenCopy() as? TorchPolicy
    _ = try policy.frozenCopy()
    #expect(bench.lines("models").last == "2")
    copy = nil
    #expect(copy == nil && bench.lines("models").last == "1")
    for _ in 0..<2 { _ = try policy.snapshot() }
    #expect(bench.lines("snapshots") == ["0", "0"])
    #expect(try policy.logProbabilities().count == 8)
  }

  @Test("an engine is gone when nobody holds it, loaded or not", arguments: [false, true])
  func letGo(isLoaded: Bool) throws {
    do {
      let policy = try bench.policy()
      let copy = try policy.frozenCopy()
      if isLoaded { try policy.load() }
      withExtendedLifetime(copy) { #expect(bench.living.count == 1) }
    }
    #expect(bench.living.isEmpty)
    #expect(bench.lines("ends").count == 1)
  }

  @Test("a copy keeps the engine that its policy had")
  func copyOutlives() throws {
    var policy: TorchPolicy? = try bench.policy()
    let logs = try policy?.logProbabilities()
    let copy = try policy?.frozenCopy() as? TorchPolicy
    policy = nil
    #expect(try copy?.logProbabilities() == logs)
    #expect(bench.living.count == 1)
  }

  @Test("a weight that can't be worked out stops the pass, and the engine goes on")
  func stop() throws {
    let policy = try bench.policy(["microbatch-tokens": .integer(1), "optimizer": .text("sgd")])
    let before = try policy.logProbabilities()
    let thrown = FulcrumError(.pluginFault, "the objective is sad")
    var visited = 0
    let error = #expect(throws: FulcrumError.self) {
      try policy.accumulate { (_) throws(FulcrumError) in
        visited += 1
        // In the second sequence, the second piece.
        if visited > 3 { throw thrown }
        return 1
      }
    }
    #expect(error == thrown)
    #expect(visited == 4)
    policy.discardGradient()
    #expect(try policy.applyGradient(learningRate: 1).norm == 0)
    #expect(try policy.logProbabilities() == before)
    try policy.accumulate()
    #expect(try policy.applyGradient(learningRate: 1).norm > 0)
  }

  @Test("policies of two engines are not blended, nor one's snapshot restored by another")
  func strangers() throws {
    let one = try bench.policy()
    let other = try bench.policy()
    let blend = #expect(throws: FulcrumError.self) { try one.blend(with: other, share: 0.5) }
    #expect(blend?.code == .usage)
    #expect(
      blend?.message == "expected a copy of this policy to blend with, got one of another engine")
    let share = #expect(throws: FulcrumError.self) { try one.blend(with: one, share: 2) }
    #expect(share?.message == "expected a share from 0 to 1 to blend with, got 2.0")
    let snapshot = try other.snapshot()
    let restore = #expect(throws: FulcrumError.self) { try one.restore(snapshot) }
    #expect(restore?.message == "expected a snapshot of this policy, got another's")
  }

  @Test("an optimiser's state of another model is refused")
  func wrongOptimizer() throws {
    let policy = try bench.policy()
    let error = #expect(throws: FulcrumError.self) { try policy.loadOptimizer(from: bench.notes) }
    #expect(error?.code == .checkpoint)
    try policy.saveOptimizer(to: bench.notes)
    try policy.loadOptimizer(from: bench.notes)
  }

  @Test("speed and operations are told")
  func operations() throws {
    let policy = try bench.policy()
    #expect(try policy.measureMatrixPeak() == 1e9)
    // Four rows, ten pairs of rows, two scored tokens.
    #expect(policy.matrixOperations(promptTokens: 3, completionTokens: 2) == 8 + 5 + 512)
    #expect(policy.matrixOperations(promptTokens: 0, completionTokens: 2) == 0)
  }
}
