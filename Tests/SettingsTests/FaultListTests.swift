import FulcrumKernel
import Settings
import Testing
import YAML

/// Configurations with several faults, and keys that other programs have.
@Suite struct FaultListTests {
  private func message(_ text: String, set: [String] = []) -> String {
    do {
      var tree = try ConfigurationTree(text: text, file: "run.yaml")
      for assignment in set { try tree.set(assignment) }
      _ = try RunConfiguration(tree: tree)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test func `all faults of all sections are told at once, in the file's order`() {
    let text = """
      update: {decay: fast, minibatch-prompts: -1}
      stepps: 3
      rollout:
        promts: 3
        temperature: hot
      seed: 1.5
      """
    #expect(
      message(text, set: ["evaluation.items=yes"]) == """
        run.yaml:1: update.minibatch-prompts: expected a whole number in 0...1000000, got -1; prompts (not \
        completions) for each optimiser step; 0: all of the step's
        run.yaml:1: update.decay: expected one of constant, linear, cosine, got fast; how the rate falls \
        after the warm-up; linear: by 1/N in each of N steps
        run.yaml:2: stepps: unknown key 'stepps'; did you mean 'steps'?
        run.yaml:4: rollout.promts: unknown parameter 'promts'; did you mean 'prompts'?
        run.yaml:5: rollout.temperature: expected a number in 0.01...100.0, got the text 'hot'; divides the \
        logits, here and in updates
        run.yaml:6: seed: expected a whole number of at least 0, got 1.5; decides every random draw
        --set evaluation.items: expected a whole number in 0...1000000, got the text 'yes'; held-out items \
        for each category; 0: none
        7 faults
        """)
  }

  @Test(arguments: [
    (
      "steps: 1e3", "run.yaml:1: steps: expected a whole number in 1...10000000, got 1000.0",
      "write 1000"
    ),
    (
      "logging: {record: yes}", "run.yaml:1: logging.record: expected true or false, got yes",
      "write true"
    ),
    (
      "logging: {record: Off}", "run.yaml:1: logging.record: expected true or false, got Off",
      "write false"
    ),
    (
      "logging: {record: 1}", "run.yaml:1: logging.record: expected true or false, got 1",
      "write true"
    ),
    ("arm: 1.5", "run.yaml:1: arm: expected a text, got 1.5", "put it in quotes: \"1.5\""),
    (
      "rollout: {prompts: \"8\"}",
      "run.yaml:1: rollout.prompts: expected a whole number in 1...1000000, got the text '8'",
      "write it without quotes: 8"
    ),
    (
      "rollout: {prompts: }",
      "run.yaml:1: rollout.prompts: expected a whole number in 1...1000000, got nothing",
      "prompts a step"
    ),
    (
      "steps: 3\nupdate:\n  learning-rate:1e-6",
      "run.yaml:3: update.learning-rate: expected keys with values, got 'learning-rate:1e-6'",
      "a space is missing after the colon: write 'learning-rate: 1e-6'"
    ),
    (
      "steps: 3\nupdate:\n  learning-rate 1e-6",
      "run.yaml:3: update.learning-rate: expected keys with values, got 'learning-rate 1e-6'",
      "a colon is missing after the key: write 'learning-rate: 1e-6'"
    ),
    (
      "seed: 0x10",
      "run.yaml:1: seed: expected a whole number of at least 0, got the text '0x10'",
      "write it in decimal digits: 16"
    ),
    (
      "warm-start: {batch: nan}",
      "run.yaml:1: warm-start.batch: expected a whole number in 1...1000000, got the text 'nan'",
      "demonstrations for each optimiser step"
    ),
    (
      "rollout:\nsteps: 3", "run.yaml:1: rollout: expected keys with values, got nothing",
      "write each key on a line of its own, indented below it: 'key: value'"
    ),
  ]) func `a value of a wrong kind is told with what to write`(
    text: String, expected: String, hint: String
  ) {
    #expect(message(text) == expected + "\n  hint: " + hint)
  }

  @Test(arguments: [
    (
      "rollout=5",
      """
      --set rollout: expected keys with values, got the single value 5
        hint: name a key within it: --set rollout.prompts=…
      """
    ),
    (
      "advantage-reweighting.alpha=0.7",
      """
      --set advantage-reweighting: unknown key 'advantage-reweighting'
        hint: known:
      """
    ),
    (
      "objective.0.clip-high=0.3",
      """
      --set objective.0.clip-high: expected an element of a list in brackets, got a number as a key
        hint: write --set 'objective[0].clip-high=0.3'
      """
    ),
  ]) func `a wrong option is told as one`(option: String, expected: String) {
    #expect(message("steps: 2", set: [option]).hasPrefix(expected))
  }

  @Test(arguments: [
    ("{grpo: {clip-high: 0.1}}", "write {use: grpo, clip-high: 0.1}"),
    ("{name: grpo, clip-high: 0.1}", "write {use: grpo, clip-high: 0.1}"),
    ("{grpo: }", "write {use: grpo}"),
    ("{clip-high: 0.1}", "fulcrum plugin list shows the names"),
  ]) func `a component that is named in another way is written out`(text: String, hint: String)
    throws
  {
    let run = try RunConfiguration(
      tree: try ConfigurationTree(text: "objective: \(text)", file: "run.yaml"))
    let error = #expect(throws: FulcrumError.self) { try run.choices(.objective) }
    #expect(error?.hint == hint)
  }

  @Test func `numbers may have exponents`() {
    #expect(message("update: {learning-rate: 1e-4}") == "accepted")
    #expect(message("update: {learning-rate: 1.5E-4}") == "accepted")
  }

  /// Keys of TRL and verl, and the key of ours that the remedy must name.
  @Test(arguments: [
    ("learning_rate: 1e-6", "update: {learning-rate: …}"),
    ("num_generations: 8", "rollout: {samples: …}"),
    ("max_completion_length: 8", "rollout: {max-new-tokens: …}"),
    ("beta: 0.1", "objective: [{use: NAME}, {use: PENALTY, beta: …}]"),
    ("per_device_train_batch_size: 8", "rollout: {prompts: …, samples: …}"),
    ("gradient_accumulation_steps: 8", "update: {minibatch-prompts: …}"),
    ("num_train_epochs: 1", "write steps: …"),
    ("epsilon: 0.2", "{use: NAME, clip-low: …, clip-high: …}"),
    ("temperature: 1", "rollout: {temperature: …}"),
    ("kl_coef: 0.1", "objective: [{use: NAME}, {use: PENALTY, beta: …}]"),
    ("algorithm: {kl_ctrl: {kl_coef: 0.1}}", "objective: [{use: NAME}, {use: PENALTY, beta: …}]"),
    ("actor: {optim: {lr: 1e-6}}", "update: {learning-rate: …}"),
    ("actor.optim.lr: 1e-6", "update: {learning-rate: …}"),
    ("actor_rollout_ref: {rollout: {n: 8}}", "rollout: {samples: …}"),
    ("rollout: {n: 8}", "rollout: {samples: …}"),
    ("rollout.n: 8", "rollout: {samples: …}"),
    ("clip_ratio: 0.2", "{use: NAME, clip-low: …, clip-high: …}"),
    ("ppo_mini_batch_size: 8", "update: {minibatch-prompts: …}"),
    ("update: {lr: 1e-6}", "update: {learning-rate: …}"),
    ("output_dir: x", "output: FOLDER"),
    ("vllm_importance_sampling_mode: token_mask", "update: {old-log-probabilities: recompute}"),
    ("algorithm: {rollout_correction: {rollout_is: token}}", "advantage: [NAME, {use: CORRECTION"),
    // Ours, written or placed as others do.
    ("rollout: {max_new_tokens: 8}", "write 'max-new-tokens'"),
    ("minibatch-prompts: 8", "did you mean 'update.minibatch-prompts'?"),
    ("rollout.prompts: 8", "write the key within its section: rollout: {prompts: …}"),
    ("rollout: {steps: 8}", "did you mean 'steps' at the top?"),
  ]) func `a name that TRL or verl has leads to ours`(text: String, remedy: String) {
    let message = message(text)
    #expect(message.contains("unknown "))
    #expect(message.contains(remedy), "\(message)")
    #expect(!message.contains("known: "))
  }

  @Test func `parameters behind a component's name are told how to be written`() throws {
    for (set, path, list) in [
      ("schedule=lopti,eta=0.5", "schedule", "--set schedule=lopti --set schedule.eta=0.5"),
      (
        "advantage=[lopti eta=0.5]", "advantage[0]",
        "--set 'advantage[0]=lopti' --set 'advantage[0].eta=0.5'"
      ),
    ] {
      var tree = try ConfigurationTree(text: "seed: 1", file: "run.yaml")
      try tree.set(set)
      let run = try RunConfiguration(tree: tree)
      let key: ComponentKey = path == "schedule" ? .schedule : .advantage
      let error = #expect(throws: FulcrumError.self) { try run.choices(key) }
      #expect(error?.location == "--set \(path)")
      #expect(
        error?.hint == "write {use: lopti, eta: 0.5}; on the command line \(list)")
    }
  }
}
