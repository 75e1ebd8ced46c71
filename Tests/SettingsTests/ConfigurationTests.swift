import Foundation
import FulcrumKernel
import PluginHost
import Settings
import Testing
import Training
import YAML

@Suite struct ConfigurationTests {
  private let text = """
    steps: 20
    seed: 3
    reward: rule
    advantage:
      - use: group
      - {use: weighted, alpha: 0.25}
    rollout:
      prompts: 8
      temperature: 0.7
    """

  private func configuration(_ text: String, set: [String] = []) throws(FulcrumError)
    -> RunConfiguration
  {
    var tree = try ConfigurationTree(text: text, file: "run.yaml")
    for assignment in set { try tree.set(assignment) }
    return try RunConfiguration(tree: tree)
  }

  private func message(_ text: String, set: [String] = []) -> String {
    do {
      _ = try configuration(text, set: set)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test func `keys, sections and components are read with their defaults`() throws {
    let run = try configuration(text)
    #expect(run.general.steps == 20)
    #expect(run.general.threads == ProcessInfo.processInfo.activeProcessorCount)
    #expect(run.rollout.prompts == 8)
    #expect(run.rollout.temperature == 0.7)
    #expect(run.rollout.samples == 8)
    #expect(try run.choice(.reward).use == "rule")
    let chain = try run.choices(.advantage)
    #expect(chain.map(\.use) == ["group", "weighted"])
    #expect(chain[1].parameters == ["alpha": .number(0.25)])
    #expect(chain[1].path == "advantage[1]")
    #expect(try run.choices(.schedule).isEmpty)
  }

  @Test func `a reward has a weight and a label`() throws {
    let set = ["reward=[a, {use: b, weight: 0, label: first attempt}]"]
    let rewards = try configuration(text, set: set).choices(.reward)
    #expect(rewards.map(\.label) == [nil, "first attempt"])
    #expect(rewards.map(\.weight) == [1, 0])
    #expect(rewards[1].parameters.isEmpty)
    #expect(rewards[1].setting("x", to: .flag(true)).label == "first attempt")
    for (value, got) in [("''", "nothing"), ("7", "'7'"), ("{a: 1}", "keys")] {
      let tree = try ConfigurationTree(
        text: "reward: {use: b, label: \(value)}", file: "run.yaml")
      let error = #expect(throws: FulcrumError.self) {
        try RunConfiguration(tree: tree).choices(.reward)
      }
      #expect(
        error?.description == """
          run.yaml:1: reward.label: expected a name on one line, got \(got)
            hint: metrics and tables have the reward under it: label: first attempt
          """)
    }
    #expect {
      _ = try configuration("reward: {use: b, label: transfer}").choices(.reward)
    } throws: { error in
      "\(error)".hasSuffix(
        "reward.label: expected another name, for tables have items of other tasks under 'transfer'"
      )
    }
    // Elsewhere it is a parameter of the component's.
    let other = try configuration("task: {use: b, label: x}").choice(.task)
    #expect(other.label == nil && other.parameters == ["label": .text("x")])
  }

  @Test func `an evaluation has one temperature or several`() throws {
    func evaluation(_ value: String) throws -> EvaluationSettings {
      try configuration(text, set: ["evaluation.temperature=\(value)"]).evaluation
    }
    let one = try evaluation("0.6")
    #expect(one.temperature == 0.6 && one.otherTemperatures.isEmpty)
    #expect(one.manner == "one sample each at temperature 0.6")
    let three = try evaluation("[1, 0.6, 1.5]")
    #expect(three.temperature == 1 && three.otherTemperatures == [0.6, 1.5])
    #expect(three.manner == "one sample each at temperature 1.0, and as many at 0.6, 1.5")
    #expect(
      try evaluation("[0, 1]").manner
        == "most likely tokens, and one sample each at temperature 1.0")
    #expect(
      message(text, set: ["evaluation.temperature=[]"]).contains(
        "evaluation.temperature: expected at least one temperature, got an empty list"))
    #expect(
      message(text, set: ["evaluation.temperature=[1, 1.0]"]).contains(
        "evaluation.temperature: expected temperatures that differ, got "))
    #expect(
      message(text, set: ["evaluation={temperature: [1, 0], samples: 2}"]).contains(
        "evaluation.temperature: expected a temperature above 0 with samples = 2, got 0"))
  }

  @Test func `an evaluation of several samples has a k and a temperature`() throws {
    let plain = try configuration(text).evaluation
    #expect(plain.samples == 1 && plain.passAt == 1 && !plain.isGreedyBeside)
    #expect(plain.manner == "most likely tokens")
    let set = [
      "evaluation={samples: 8, temperature: 0.5}", "evaluation.greedy=true",
    ]
    let sampled = try configuration(text, set: set).evaluation
    #expect(sampled.samples == 8 && sampled.passAt == 8 && sampled.isGreedyBeside)
    #expect(
      sampled.manner == "8 samples each at temperature 0.5; greedy: most likely tokens")
    #expect(try configuration(text, set: set + ["evaluation.pass-at=3"]).evaluation.passAt == 3)
    #expect(
      message(text, set: set + ["evaluation.pass-at=9"]).contains(
        "evaluation.pass-at: expected at most evaluation.samples = 8, got 9"))
    #expect(
      message(text, set: ["evaluation.samples=2"]).contains(
        "evaluation.temperature: expected a temperature above 0 with samples = 2, got 0"))
    #expect(
      message(text, set: ["evaluation.greedy=true"]).contains(
        "evaluation.temperature: expected a temperature above 0 with greedy = true, got 0"))
  }

  @Test func `what limits sampling is read for rollouts and evaluations`() throws {
    let plain = try configuration(text)
    #expect(plain.rollout.sampling == SamplingOptions() && !plain.rollout.sampling.isCut)
    #expect(plain.evaluation.limits(beside: plain.rollout).sampling == SamplingOptions())
    #expect(plain.evaluation.seed == nil)
    let set = [
      "rollout={top-k: 50, top-p: 0.9, min-p: 0.05, min-new-tokens: 8}",
      "rollout.stop=[\"</answer>\", \"\\n\"]",
      "evaluation={temperature: 0.7, min-p: 0.1, seed: 12}",
    ]
    let run = try configuration(text, set: set)
    let rollout = run.rollout.sampling
    #expect(
      rollout.cuts == ["top-k = 50", "top-p = 0.9", "min-p = 0.05", "min-new-tokens = 8"])
    #expect(rollout.stopStrings == ["</answer>", "\n"])
    // Cuts and the minimum are each section's own; stop strings are the rollouts' unless given.
    let evaluation = run.evaluation.limits(beside: run.rollout)
    #expect(evaluation.maximumTokens == 256 && evaluation.sampling.cuts == ["min-p = 0.1"])
    #expect(evaluation.sampling.stopStrings == ["</answer>", "\n"])
    #expect(run.evaluation.seed == 12)
    #expect(run.evaluation.manner == "one sample each at temperature 0.7, min-p = 0.1")
    let own = try configuration(
      text, set: set + ["evaluation.stop=END", "evaluation.max-new-tokens=9"])
    let limits = own.evaluation.limits(beside: own.rollout)
    #expect(limits.sampling.stopStrings == ["END"] && limits.maximumTokens == 9)
  }

  @Test(arguments: [
    (
      "rollout.top-p=0",
      "rollout.top-p: expected a share above 0, got 0.0\n  hint: 1 draws from all tokens"
    ),
    ("rollout.min-p=1.5", "rollout.min-p: expected a number in 0.0...1.0, got 1.5"),
    ("rollout.top-k=-1", "rollout.top-k: expected a whole number in 0...10000000, got -1"),
    (
      "rollout.min-new-tokens=257",
      "rollout.min-new-tokens: expected at most rollout.max-new-tokens = 256, got 257"
    ),
    (
      "evaluation.min-new-tokens=257",
      "evaluation.min-new-tokens: expected at most rollout.max-new-tokens = 256, got 257"
    ),
    (
      "evaluation={min-new-tokens: 7, max-new-tokens: 6}",
      "evaluation.min-new-tokens: expected at most evaluation.max-new-tokens = 6, got 7"
    ),
    (
      "rollout.stop=['']",
      "rollout.stop: expected a stop string with a character, got an empty one\n"
        + "  hint: every text has the empty one: leave it out"
    ),
    (
      "evaluation.stop=[" + Array(repeating: "a", count: 33).joined(separator: ",") + "]",
      "evaluation.stop: expected at most 32 stop strings, got 33"
    ),
    (
      "top_p=0.9",
      "write rollout: {top-p: …}, top-k or min-p; updates are without bias only where rollouts are"
    ),
    ("min_tokens=9", "write rollout: {min-new-tokens: …}"),
    ("stop_strings=[a]", "write rollout: {stop: [TEXT, …]}"),
  ])
  func `limits that can't be are refused by their key`(_ assignment: String, sentence: String) {
    #expect(message(text, set: [assignment]).contains(sentence))
  }

  @Test func `overrides replace, add and reach into lists`() throws {
    let run = try configuration(
      text,
      set: ["steps=5", "rollout.samples=2", "advantage[1].alpha=1", "reward.limit=3", "task=kk"])
    #expect(run.general.steps == 5)
    #expect(run.rollout.samples == 2)
    #expect(try run.choices(.advantage)[1].parameters == ["alpha": .integer(1)])
    #expect(try run.choice(.reward).parameters == ["limit": .integer(3)])
    #expect(try run.choice(.reward).use == "rule")
    #expect(try run.choice(.task).use == "kk")
  }

  @Test func `an unknown key is refused with its line and the nearest name`() {
    #expect(
      message("steps: 3\nrolout: {prompts: 3}") == """
        run.yaml:2: rolout: unknown key 'rolout'
          hint: did you mean 'rollout'?
        """)
    #expect(
      message("rollout:\n  prompts: 3\n  sample: 4") == """
        run.yaml:3: rollout.sample: unknown parameter 'sample'
          hint: did you mean 'samples'?
        """)
  }

  @Test func `a bad value is refused with its line`() {
    #expect(
      message("seed: 1\nsteps: many") == """
        run.yaml:2: steps: expected a whole number in 1...10000000, got the text 'many'
          hint: training steps (rollout batches)
        """)
    #expect(
      message("rollout: 3") == """
        run.yaml:1: rollout: expected keys with values, got the single value 3
          hint: write each key on a line of its own, indented below it: 'key: value'
        """)
    #expect(
      message("update: {decay: fast}") == """
        run.yaml:1: update.decay: expected one of constant, linear, cosine, got fast
          hint: how the rate falls after the warm-up; linear: by 1/N in each of N steps
        """)
  }

  @Test func `a wrong override is refused`() {
    #expect(
      message("", set: ["steps"]) == """
        --set: expected key=value, got 'steps'
          hint: for instance --set rollout.prompts=8
        """)
    #expect(message(text, set: ["advantage[7].alpha=1"]).contains("there is no element 7 to set"))
    #expect(message(text, set: ["stepps=1"]).contains("did you mean 'steps'?"))
  }

  @Test func `text that is not YAML is refused`() {
    #expect(message("a: [1").hasPrefix("run.yaml:1: expected ',' or ']' in the list"))
    #expect(message("- 1").contains("expected keys with values"))
  }

  @Test func `a component needs a name`() throws {
    let run = try configuration("task: {people: 3}")
    let error = #expect(throws: FulcrumError.self) { try run.choice(.task) }
    #expect(
      error?.description == """
        run.yaml:1: task: expected a component's name or {use: NAME, …}, got keys without 'use'
          hint: fulcrum plugin list shows the names
        """)
    #expect(throws: FulcrumError.self) { try run.choice(.policy) }
  }
}

@Suite struct LearningRateTests {
  private func rate(_ values: [String: ParameterValue], steps: Int) throws -> LearningRate {
    var values = values
    values["learning-rate"] = .number(1)
    let section = try Parameters(values, for: UpdateSettings.schema, at: UpdateSettings.key)
    return try UpdateSettings(section).learningRate.schedule(steps: steps)
  }

  @Test func `the rate rises in a line and then stays`() throws {
    let rate = try rate(["warmup-steps": .integer(4)], steps: 10)
    #expect((1...5).map(rate.rate) == [0.25, 0.5, 0.75, 1, 1])
    #expect(rate.rate(step: 10) == 1)
  }

  @Test func `a linear decay falls by equal parts, and its last step is one part above its end`()
    throws
  {
    let plain = try rate(["decay": .text("linear")], steps: 4)
    #expect((1...4).map(plain.rate) == [1, 0.75, 0.5, 0.25])
    let shared = try rate(
      ["decay": .text("linear"), "final-learning-rate-share": .number(0.5)], steps: 4)
    #expect((1...4).map(shared.rate) == [1, 0.875, 0.75, 0.625])
  }

  @Test func `a decay begins with the step that ends the warm-up`() throws {
    let rate = try rate(["decay": .text("linear"), "warmup-steps": .integer(2)], steps: 5)
    #expect((1...5).map(rate.rate) == [0.5, 1, 0.75, 0.5, 0.25])
  }

  @Test func `a cosine decay is half way down in the middle, and never all the way`() throws {
    let rate = try rate(["decay": .text("cosine")], steps: 8)
    #expect(rate.rate(step: 1) == 1)
    // cos(π/2) is 6e-17 in Double.
    #expect(abs(rate.rate(step: 5) - 0.5) < 1e-15)
    // (1 + cos(7π/8)) / 2 = (1 − √(2 + √2) / 2) / 2, by the half-angle formula.
    let last = (1 - (2 + 2.0.squareRoot()).squareRoot() / 2) / 2
    #expect(abs(rate.rate(step: 8) - last) < 1e-15)
    #expect(last > 0.03)
  }

  @Test(arguments: ["linear", "cosine"])
  func `a run of one step learns something`(_ decay: String) throws {
    #expect(try rate(["decay": .text(decay)], steps: 1).rate(step: 1) == 1)
    let risen = try rate(["decay": .text(decay), "warmup-steps": .integer(1)], steps: 1)
    #expect(risen.rate(step: 1) == 1)
  }
}
