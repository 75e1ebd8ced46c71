import FulcrumKernel
import MethodCurves
import PluginHost
import Testing

/// Sentences on curves that are easily mistaken for others.
@Suite struct VerdictTests {
  /// A transform that knows nothing but the advantages.
  struct Plain: AdvantageTransform, Made {
    let change: @Sendable (Float) -> Float

    func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
      throws(FulcrumError)
    {
      for token in advantages.indices { advantages[token] = change(advantages[token]) }
    }

    static func verdict(_ change: @escaping @Sendable (Float) -> Float) -> String {
      Trials.method(.advantageTransform, manual: manual) { (_, _) throws(FulcrumError) in
        Plain(change: change)
      }.verdict
    }
  }

  @Test func `a turned sign is said`() {
    #expect(Plain.verdict { -$0 } == "all turned ×1")
    #expect(Plain.verdict { $0 } == "all as in GRPO")
    let half = MadeTransform.method { advantage, probability in
      probability < 0.5 ? -advantage : advantage
    }
    #expect(half.verdict == "unlikely turned ×1, between partly turned ×1, likely ×1")
  }

  @Test func `all is said of the whole curve alone`() {
    let bump = MadeTransform.method { advantage, probability in
      advantage * (probability > 0.4 && probability < 0.6 ? 50 : 1)
    }
    // 0.41 to 0.59 are ten of the 25 places between: (10 · 50 + 15) / 25.
    #expect(bump.verdict == "unlikely ×1, between ×21, likely ×1")
    let large = MadeTransform.method { advantage, _ in advantage * 184 }
    #expect(large.verdict == "all ×180")
    #expect(MadeTransform.method { advantage, _ in advantage * 99.7 }.verdict == "all ×100")
  }

  @Test func `what the advantage doesn't change is no baseline`() throws {
    #expect(Plain.verdict { _ in 1 } == "the same new A for either sign of A: up to 1 on policy")
    #expect(Plain.verdict { _ in 0 } == "all ×0")
  }

  @Test func `a sentence is a line, and a name is cut`() {
    let method = MadeTransform.method { (_, _) throws(FulcrumError) in
      throw FulcrumError(.data, "one\ntwo\r\nthree")
    }
    #expect(method.verdict == "failed: advantage-transform made: one two three")
    let name = "a\n" + String(repeating: "b", count: 100)
    let manual = ComponentManual(name: name, summary: "a fixture", source: "none")
    let long = Trials.method(.advantageTransform, manual: manual) { (_, _) throws(FulcrumError) in
      MadeTransform { advantage, _ in advantage }
    }
    #expect(long.shownName == "a " + String(repeating: "b", count: 45) + "…")
    #expect(long.id.count == "advantage-transform-".count + 80)
  }

  @Test func `a component's own place is said once`() {
    let method = Trials.method(.advantageTransform, manual: MadeTransform.manual) {
      (_, _) throws(FulcrumError) in
      throw FulcrumError(.parameter, "expected less", at: "advantage-transform made.share")
    }
    #expect(method.error?.description == "advantage-transform made.share: expected less")
  }
}
