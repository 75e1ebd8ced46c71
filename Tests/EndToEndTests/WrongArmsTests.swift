import Foundation
import Testing

/// Configurations whose arms or paths are wrong: told by every command that begins a run, before it does.
@Suite struct WrongArmsTests {
  private let folder: CommandLine.Folder
  private let file: String

  init() throws {
    folder = try CommandLine.Folder()
    file = folder.path + "/c.yaml"
  }

  private static let right = """
    steps: 2
    task: {use: knights-and-knaves, people: [2]}
    policy: {use: transformer, vocabulary: 300, width: 32}
    reward: knights-and-knaves
    advantage: [grpo]
    schedule: single
    objective: grpo
    rollout: {prompts: 2, samples: 2, max-new-tokens: 32}
    update: {minibatch-prompts: 2}

    """

  /// Runs a command on the right configuration with more lines.
  private func message(_ command: String, _ lines: String, _ options: [String] = []) throws
    -> String
  {
    try (Self.right + lines).write(toFile: file, atomically: true, encoding: .utf8)
    let output = folder.path + "/run"
    let result = try CommandLine().run([command, file, "--set", "output=\(output)"] + options)
    #expect(result.status == 2)
    #expect(!FileManager.default.fileExists(atPath: output))
    return result.errors.replacing(file, with: "FILE").replacing(folder.path, with: "FOLDER")
  }

  @Test(arguments: ["explain", "train", "arms"])
  func `every arm is checked as a configuration of its own, all faults at once`(command: String)
    throws
  {
    let told = try message(
      command,
      """
      arms:
        - GRPO
        - "A=advantage=[grpo];schedule=sngle"
        - B=stepps=5
        - "C=schedule={use: lopti, etaa: 0.5};update.decay=fast"
        - D=update.minibatch-prompts=3

      """)
    let sentences = [
      "FILE:11: arms[0]: expected NAME=key=value;key=value, got 'GRPO'",
      "FILE:12: arms[1] A: schedule.use: no plugin 'sngle'",
      "FILE:13: arms[2] B: expected a key of advantage, schedule, objective, update, got 'stepps'",
      "FILE:14: arms[3] C: update.decay: expected one of constant, linear, cosine, got fast",
      "FILE:14: arms[3] C: schedule.etaa: unknown parameter 'etaa'; did you mean 'eta'?",
      "FILE:15: arms[4] D: update.minibatch-prompts: expected a divisor of rollout.prompts = 2, got 3",
      "\n6 faults\n",
    ]
    // In the order of the file.
    let places = sentences.map { told.range(of: $0)?.lowerBound }
    #expect(!places.contains(nil), "\(told)")
    #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted(), "\(told)")
  }

  @Test(arguments: [
    ("A=schedule=single", "FILE:10: arms[0] A", "as configured"),
    // The defaults are written out.
    (
      "\"A=schedule={use: single, repeats: 1};update.iterations=1\"", "FILE:10: arms[0] A",
      "as configured"
    ),
    ("A=schedule=lopti, \"B=schedule={use: lopti}\"", "FILE:10: arms[1] B", "A"),
  ]) func `an arm that trains as another does is refused by name`(
    arms: String, place: String, other: String
  ) throws {
    for command in ["explain", "train", "arms"] {
      #expect(
        try message(command, "arms: [\(arms)]\n") == """
          error: \(place): expected a way to train that no other arm has, got that of '\(other)' again
            hint: change a value, or remove one of the two: they would be trained twice

          """)
    }
  }

  @Test func `arms of the command line are checked in their place`() throws {
    let told = try message("arms", "arms: [GRPO]\n", ["--arm", "x=schedule=single"])
    #expect(told.hasPrefix("error: --arm x: expected a way to train that no other arm has"))
  }

  @Test(arguments: ["nowhere", "a-run"])
  func `explain says of a start what train says`(start: String) throws {
    let run = folder.path + "/a-run"
    for name in ["step-2", "step-10"] {
      try FileManager.default.createDirectory(
        atPath: run + "/checkpoints/" + name, withIntermediateDirectories: true)
    }
    try "steps: 2\n".write(toFile: run + "/run.yaml", atomically: true, encoding: .utf8)
    let lines = "start: \(folder.path)/\(start)\n"
    let told = try message("explain", lines)
    #expect(try message("train", lines) == told)
    #expect(
      told.hasPrefix("error: FILE:10: start: expected a run's checkpoint, found none at FOLDER/"))
    #expect(
      told.contains("name a checkpoint of it, as FOLDER/a-run/checkpoints/step-10")
        == (start == "a-run"))
  }

  @Test func `a folder of plugins that isn't there is told`() throws {
    #expect(
      try message(
        "explain", "plugin-path: FOLDER\n".replacing("FOLDER", with: folder.path + "/none"))
          == """
          error: FILE:10: plugin-path: expected a folder with plugins, found none at 'FOLDER/none'
            hint: remove it, or build the plugins

          """)
  }
}
