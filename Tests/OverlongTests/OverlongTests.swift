import FulcrumKernel
import OverlongPlugin
import Testing

private func make(_ given: [String: ParameterValue] = ["buffer": .integer(4)]) throws
  -> OverlongReward
{
  let parameters = try Parameters(given, for: OverlongReward.manual.parameters, at: "reward[1]")
  return try OverlongReward(parameters, context: ComponentContext())
}

private func sample(_ count: Int?, of limit: Int? = 20) -> RewardSample {
  RewardSample(
    prompt: "", completion: "", answer: "", isFinished: true, tokenCount: count, tokenLimit: limit)
}

private func reward(_ count: Int, of limit: Int?, _ given: [String: ParameterValue]) throws
  -> Double?
{
  try make(given).score(sample(count, of: limit)).value
}

@Suite struct OverlongTests {
  @Test(
    arguments: [
      (0, 0), (15, 0), (16, 0), (17, -0.25), (18, -0.5), (19, -0.75), (20, -1), (21, -1), (500, -1),
    ] as [(Int, Double)])
  func `a limit of 20 and a buffer of 4 punish as equation 13 says`(count: Int, expected: Double)
    throws
  {
    let score = try make().score(sample(count))
    // Quarters are exact.
    #expect(score.value == expected)
    #expect(score.outcome == (count > 16 ? .overlong : .withinLimit))
    #expect(score.parts.map(\.name) == ["length"])
    #expect(score.parts.map(\.value) == [expected])
  }

  @Test func `the paper's lengths give the formula's values`() throws {
    // DAPO, section 4.1: up to 16,384 tokens expected and 4,096 more as the cache: L_max 20,480.
    let given: [String: ParameterValue] = ["buffer": .integer(4096)]
    for count in stride(from: 16_000, through: 21_000, by: 37) {
      let (maximum, cache) = (20_480.0, 4096.0)
      let expected =
        if Double(count) <= maximum - cache { 0.0 } else if Double(count) <= maximum {
          ((maximum - cache) - Double(count)) / cache
        } else { -1.0 }
      // 4096 is a power of two, so both divisions are exact.
      #expect(try reward(count, of: 20_480, given) == expected)
    }
  }

  @Test func `the penalty scales it`() throws {
    let given: [String: ParameterValue] = ["buffer": .integer(4), "penalty": .number(3)]
    #expect(try reward(16, of: 20, given) == 0)
    #expect(try reward(18, of: 20, given) == -1.5)
    #expect(try reward(20, of: 20, given) == -3)
    #expect(try reward(99, of: 20, given) == -3)
  }

  @Test func `a limit of its own replaces the rollout's`() throws {
    let given: [String: ParameterValue] = ["buffer": .integer(4), "limit": .integer(10)]
    #expect(try reward(6, of: 20, given) == 0)
    #expect(try reward(7, of: 20, given) == -0.25)
    #expect(try reward(11, of: 20, given) == -1)
    #expect(try reward(8, of: nil, given) == -0.5)
  }

  @Test func `extreme lengths stay finite`() throws {
    let widest: [String: ParameterValue] = [
      "buffer": .integer(999_999), "limit": .integer(1_000_000), "penalty": .number(1000),
    ]
    #expect(try reward(.max, of: nil, widest) == -1000)
    #expect(try reward(1, of: nil, widest) == 0)
    #expect(try reward(.max, of: .max, ["buffer": .integer(1)]) == -1)
  }

  @Test func `a batch is judged in its order, and an empty one not at all`() throws {
    let overlong = try make()
    #expect(
      try overlong.score([sample(18), sample(3), sample(20)]).map(\.value) == [-0.5, 0, -1])
    #expect(try overlong.score([RewardSample]()).isEmpty)
  }

  @Test func `the buffer must be given`() {
    let error = #expect(throws: FulcrumError.self) { try make([:]) }
    #expect(
      error?.description == """
        reward[1].buffer: expected a whole number in 1...1000000, got nothing
          hint: tokens before the limit over which the punishment grows
        """)
  }

  @Test func `a buffer as long as the limit is refused`() throws {
    let text = """
      reward[1].buffer: expected fewer tokens than the limit of 20, got 20
        hint: completions of up to limit - buffer tokens go unpunished, and none would be left
      """
    let configured = #expect(throws: FulcrumError.self) {
      try make(["buffer": .integer(20), "limit": .integer(20)])
    }
    #expect(configured?.description == text)
    let sampled = #expect(throws: FulcrumError.self) {
      try reward(3, of: 20, ["buffer": .integer(20)])
    }
    #expect(sampled?.description == text)
  }

  @Test func `a text without its length in tokens is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make().score(sample(nil)) }
    #expect(error?.code == .unsupported)
    #expect(
      error?.description == """
        reward[1]: expected the completion's length in tokens, got a text alone
          hint: texts from a file have no tokens; use this reward in a run
        """)
  }

  @Test func `a length without a limit is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make().score(sample(5, of: nil)) }
    #expect(error?.code == .unsupported)
    #expect(
      error?.description == """
        reward[1]: expected a limit for completions, got none
          hint: give 'limit', in tokens
        """)
  }

  @Test func `the entry function registers one reward`() {
    let registrar = PluginRegistrar()
    fulcrumPluginOverlong(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "overlong")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.reward])
    #expect(registrar.components.map(\.manual.name) == ["overlong"])
    #expect(registrar.failure == nil)
  }
}
