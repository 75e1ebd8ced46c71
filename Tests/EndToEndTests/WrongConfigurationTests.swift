import Foundation
import Testing

/// Runs a command on a terminal of its own; every Debian has it.
private let terminalProgram = "/usr/bin/script"

/// Wrong configurations, each with the whole message.
@Suite struct WrongConfigurationTests {
  private let fulcrum = CommandLine()

  /// A right configuration, key by key; a case replaces or adds lines.
  private static let right: [(key: String, line: String)] = [
    ("steps", "steps: 2"),
    ("task", "task: {use: knights-and-knaves, people: [2]}"),
    ("policy", "policy: {use: transformer, vocabulary: 300, width: 32}"),
    ("reward", "reward: knights-and-knaves"),
    ("advantage", "advantage: [grpo]"),
    ("schedule", "schedule: single"),
    ("objective", "objective: grpo"),
    ("rollout", "rollout: {prompts: 2, samples: 2, max-new-tokens: 32}"),
    ("update", "update: {minibatch-prompts: 2}"),
    ("evaluation", "evaluation: {items: 0}"),
  ]

  /// - Parameter changes: lines by the key that they replace; an empty key adds one at the end.
  private static func text(_ changes: [String: String]) -> String {
    (right.map { changes[$0.key] ?? $0.line } + [changes[""]].compactMap { $0 })
      .joined(separator: "\n") + "\n"
  }

  struct Case: CustomTestStringConvertible {
    let changes: [String: String]
    let options: [String]
    let message: String

    init(_ changes: [String: String], options: [String] = [], _ message: String) {
      self.changes = changes
      self.options = options
      self.message = message
    }

    var testDescription: String { "\(changes) \(options)" }
  }

  /// A policy with weights.
  private static let start = CommandLine.fixture("../../Documentation/Recipes/start")

  static let cases = [
    Case(
      ["rollout": "rollout: {prompts: 2, max-new-token: 32}"],
      """
      FILE:8: rollout.max-new-token: unknown parameter 'max-new-token'
        hint: did you mean 'max-new-tokens' or 'min-new-tokens'?
      """),
    Case(
      ["steps": "steps: 2.5"],
      """
      FILE:1: steps: expected a whole number in 1...10000000, got 2.5
        hint: training steps (rollout batches)
      """),
    Case(
      ["rollout": "rollout: 8"],
      """
      FILE:8: rollout: expected keys with values, got the single value 8
        hint: write each key on a line of its own, indented below it: 'key: value'
      """),
    Case(
      ["policy": "policy: {use: transformer, checkpoint: /nonexistent/model}"],
      """
      FILE:3: policy.checkpoint: expected a file or folder, found none at '/nonexistent/model'
        hint: a Hugging Face folder to start from, or an adapter folder of peft; empty: a fresh model of the \
      shape below
      """),
    Case(
      ["schedule": "schedule: {use: lopti, eta: 1.5}"],
      """
      FILE:6: schedule.eta: expected a number in 0.0...1.0, got 1.5
        hint: tokens with pi_old below it are 'low'
      """),
    Case(
      ["schedule": "schedule: advantage-reweighting"],
      """
      FILE:6: schedule.use: PLUGINS/libfulcrum-advantage-reweighting.so: plugin 'advantage-reweighting' has \
      no update-scheduler 'advantage-reweighting'
        hint: it is of another kind: name it under 'advantage'
      """),
    Case(
      ["": "steps: 3"],
      """
      FILE:11: the key 'steps' stands twice, first in line 1
        hint: remove one of the two
      """),
    Case(
      ["advantage": "advantage:\n\t- use: grpo"],
      """
      FILE:6: expected spaces before the text, got a tab
        hint: indent with spaces
      """),
    Case(
      ["evaluation": "evaluation: {items: yes}"],
      """
      FILE:10: evaluation.items: expected a whole number in 0...1000000, got the text 'yes'
        hint: held-out items for each category; 0: none
      """),
    Case(
      ["update": "learning_rate: 1e-6\nnum_generations: 8"],
      """
      FILE:9: learning_rate: unknown key 'learning_rate'; write update: {learning-rate: …}
      FILE:10: num_generations: unknown key 'num_generations'; write rollout: {samples: …}, the completions \
      of each prompt
      2 faults
      """),
    Case(
      ["": "---\nsteps: 3"],
      """
      FILE:11: expected one document, got a second one after '---'
        hint: put it into a file of its own
      """),
    Case(
      ["reward": "reward:"],
      """
      FILE:4: reward: expected a component's name or {use: NAME, …}, got nothing
        hint: fulcrum plugin list shows the names
      """),
    Case(
      ["objective": "objective: {use: grpo, beta: 0.1}"],
      """
      FILE:7: objective.beta: unknown parameter 'beta'
        hint: a KL penalty is a component of its own: write objective: [{use: NAME}, {use: PENALTY, beta: …}]; \
      'fulcrum plugin list' shows the names
      """),
    Case(
      [
        "steps": "stepps: 3", "task": "task: {use: knights-and-knaves, peeple: 2}",
        "policy": "policy: [transformer, transformer]", "objective": "",
        "reward": "reward: {use: math, weight: heavy}",
        "advantage": "advantage: [{use: grpo, scale: 2}, {use: advantage-reweighting, alpha: 3}]",
        "schedule": "schedule: {eta: 0.5}", "update": "update: {minibatch-prompts: 3}",
        "rollout": "rollout: {promts: 3}",
      ],
      """
      FILE:1: stepps: unknown key 'stepps'; did you mean 'steps'?
      FILE:2: task.peeple: unknown parameter 'peeple'; did you mean 'people'?
      FILE:3: policy: expected one component, got 2; write policy: {use: NAME}; fulcrum plugin list shows the \
      names
      FILE:4: reward.weight: expected a number, got heavy; the reward is the sum of weight times score
      FILE:5: advantage[0].scale: expected one of group, batch, none, got 2; whose standard deviation \
      divides: the group's, the batch's or none's
      FILE:5: advantage[1].alpha: expected a number in -1.0...1.0, got 3; 0: no change; 1: A is multiplied by \
      pi; below 0: unlikely tokens are raised
      FILE:6: schedule: expected a component's name or {use: NAME, …}, got keys without 'use'; fulcrum plugin \
      list shows the names
      FILE:8: rollout.promts: unknown parameter 'promts'; did you mean 'prompts'?
      FILE: objective: expected a component, got nothing; write objective: {use: NAME}; fulcrum plugin list \
      shows the names
      9 faults
      """),
    Case(
      [:], options: ["--set", "schedule=lopti,eta=0.5"],
      """
      --set schedule: expected a component's name or {use: NAME, …}, got 'lopti,eta=0.5'
        hint: write {use: lopti, eta: 0.5}; on the command line --set schedule=lopti --set schedule.eta=0.5
      """),
    Case(
      [:], options: ["--set", "advantage[0].scale=nothing"],
      """
      --set advantage[0].scale: expected one of group, batch, none, got nothing
        hint: whose standard deviation divides: the group's, the batch's or none's
      """),
    Case(
      [
        "task": "task: {use: knights-and-knaves, peeple: 2}", "steps": "stepps: 3",
        "policy": "policy: {use: transformer, checkpoint: /nonexistent/model}",
      ],
      """
      FILE:1: stepps: unknown key 'stepps'; did you mean 'steps'?
      FILE:2: task.peeple: unknown parameter 'peeple'; did you mean 'people'?
      FILE:3: policy.checkpoint: expected a file or folder, found none at '/nonexistent/model'; a Hugging Face \
      folder to start from, or an adapter folder of peft; empty: a fresh model of the shape below
      3 faults
      """),
    Case(
      ["task": "task: {use: jsonl, train: /none/a.jsonl, held-out: /none/b.jsonl}"],
      """
      FILE:2: task.train: expected a file or folder, found none at '/none/a.jsonl'; file of the prompts to \
      train on
      FILE:2: task.held-out: expected a file or folder, found none at '/none/b.jsonl'; file of the prompts to \
      evaluate on; "": there are none
      2 faults
      """),
    Case(
      ["reward": "reward: {use: math, wieght: 2}"],
      """
      FILE:4: reward.wieght: unknown parameter 'wieght'
        hint: did you mean 'weight'?
      """),
    Case(
      [
        "reward": "reward: {use: process, command: python3 judge.py}",
        "policy": "policy: {use: transformer, checkpoint: \"\(start)\"}",
      ],
      """
      FILE:4: reward.command: expected a program and its arguments as a list, got one text 'python3 judge.py'
        hint: write command: [python3, judge.py]
      """),
    Case(
      ["update": "update: {minibatch-prompts: 3, aggregation-length: 5}"],
      """
      FILE:9: update.minibatch-prompts: expected a divisor of rollout.prompts = 2, got 3
        hint: mini-batches of different sizes would weigh their tokens differently
      """),
  ]

  @Test(arguments: cases) func `a wrong configuration is told in whole`(_ wrong: Case) throws {
    let folder = try CommandLine.Folder()
    let file = folder.path + "/c.yaml"
    try Self.text(wrong.changes).write(toFile: file, atomically: true, encoding: .utf8)
    let result = try fulcrum.run(["train", file] + wrong.options)
    #expect(result.status == 2)
    let message = result.errors.replacing(file, with: "FILE")
      .replacing(CommandLine.products, with: "PLUGINS")
    #expect(message == "error: \(wrong.message)\n")
  }

  @Test func `a step without anything to learn from is told of`() throws {
    let folder = try CommandLine.Folder()
    let file = folder.path + "/c.yaml"
    try Self.text([
      "steps": "steps: 1", "policy": "policy: {use: transformer, checkpoint: \"\(Self.start)\"}",
      "rollout": "rollout: {prompts: 2, samples: 1, max-new-tokens: 2}",
    ]).write(toFile: file, atomically: true, encoding: .utf8)
    let result = try fulcrum.run("train", file, "--set", "output=\(folder.path)/run")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains(
        "\nwarning: rollout.samples = 1: a completion has no group to be compared with\n"))
  }

  @Test(arguments: [
    (["trian"], "fulcrum: unknown command 'trian'\n  hint: did you mean 'train'?"),
    (["help", "trian"], "fulcrum: unknown command 'trian'\n  hint: did you mean 'train'?"),
    (["model", "inf"], "fulcrum model: unknown command 'inf'\n  hint: did you mean 'info'?"),
    (
      ["plugin", "lsit", "--json"],
      "fulcrum plugin: unknown command 'lsit'\n  hint: did you mean 'list'?"
    ),
  ]) func `a command that there isn't leads to the near ones`(
    arguments: [String], message: String
  ) throws {
    let result = try fulcrum.run(arguments)
    #expect(result.status == 2)
    #expect(result.errors == "error: \(message)\n")
    #expect(result.output.isEmpty)
  }

  @Test func `an option that is nearly --help leads to it`() throws {
    let result = try fulcrum.run("bench", "--hlp")
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix("Error: Unknown option '--hlp'. Did you mean '--help'?\n"))
  }

  @Test func `a run's directory is not taken for a model, nor a folder of runs for a run`() throws {
    let folder = try CommandLine.Folder()
    for name in ["a-seed-1", "b-seed-1"] {
      let run = folder.path + "/" + name
      try FileManager.default.createDirectory(
        atPath: run + "/checkpoints/step-3", withIntermediateDirectories: true)
      try "steps: 2\n".write(toFile: run + "/run.yaml", atomically: true, encoding: .utf8)
    }
    let run = folder.path + "/a-seed-1"
    for arguments in [["generate", run, "--prompt", "x"], ["model", "info", run]] {
      #expect(
        try fulcrum.run(arguments).errors == """
          error: \(run): expected a model's folder, got another
            hint: it is a run's directory: name a checkpoint of it, as \(run)/checkpoints/step-3

          """)
    }
    #expect(
      try fulcrum.run("compare", folder.path).errors == """
        error: \(folder.path): expected a run directory, got a folder with 2 of them
          hint: name one of them, or compare them: 'fulcrum compare \(folder.path)/*-seed-*'

        """)
    let file = folder.path + "/c.yaml"
    try Self.text(["policy": "policy: {use: transformer, checkpoint: /none}"]).write(
      toFile: file, atomically: true, encoding: .utf8)
    let evaluated = try fulcrum.run("evaluate", file, "--checkpoint", run + "/checkpoints/step-9")
    #expect(
      evaluated.errors == """
        error: --checkpoint: expected a checkpoint folder, found none at '\(run)/checkpoints/step-9'
          hint: name a model's folder, or a run's: RUN/checkpoints/step-N

        """)
    try Self.text(["task": "task: {use: jsonl, train: openai/gsm8k}"]).write(
      toFile: file, atomically: true, encoding: .utf8)
    let process = fulcrum.process(["train", file])
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let told = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(told.contains("download the data set, and give its files"))
    #expect(told.components(separatedBy: folder.path + "/openai/gsm8k").count == 2, "\(told)")
  }

  @Test func `help is no unknown command`() throws {
    #expect(try fulcrum.run("help", "train").status == 0)
    #expect(try fulcrum.run("--help").status == 0)
    #expect(try fulcrum.run("model").status == 0)
  }

  @Test func `text of data can't act on the terminal`() throws {
    let folder = try CommandLine.Folder()
    let input = folder.path + "/in.jsonl"
    let row =
      #"{"id": "a\u001bc", "prompt": "p", "completion": "x\u001b[2Jy\u202ez", "answer": "\u001b]0;t\u0007"}"#
    try (row + "\n").write(toFile: input, atomically: true, encoding: .utf8)
    let scored = try fulcrum.run("reward", "score", "--use", "math", "--input", input)
    #expect(scored.status == 0, "\(scored.errors)")
    #expect(scored.output.contains(#"a\u{1B}c"#))
    #expect(scored.output.contains(#"x\u{1B}[2Jy\u{202E}z"#))
    #expect(!scored.output.unicodeScalars.contains("\u{1B}"))
    let wrong = try fulcrum.run("train", folder.path + "/\u{1B}[2J.yaml")
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains(#"/\u{1B}[2J.yaml: "#))
    #expect(!wrong.errors.unicodeScalars.contains("\u{1B}"))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: terminalProgram)))
  func `a model's text is written out on a terminal, and left as it is elsewhere`() throws {
    let start = CommandLine.fixture("../../Documentation/Recipes/start")
    // So hot that every token is nearly as likely, half of which are single bytes.
    let arguments = [
      "generate", start, "--prompt", "x", "--temperature", "20", "--max-new-tokens", "100",
    ]
    let command = ([fulcrum.executable] + arguments).joined(separator: " ")
    let shown = try CommandLine(executable: terminalProgram).run("-qec", command, "/dev/null")
    let plain = try fulcrum.run(arguments)
    func controls(_ text: String) -> Bool {
      text.unicodeScalars.contains {
        $0.properties.generalCategory == .control && !"\r\n\t".unicodeScalars.contains($0)
      }
    }
    #expect(shown.status == 0)
    #expect(shown.output.contains(#"\u{"#))
    #expect(!controls(shown.output))
    #expect(controls(plain.output))
  }
}
