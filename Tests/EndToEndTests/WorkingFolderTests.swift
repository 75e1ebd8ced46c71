import Foundation
import Testing

/// Paths of a configuration, from other folders than its own.
@Suite struct WorkingFolderTests {
  private let fulcrum = CommandLine()

  /// A project with a configuration in a folder of its own and the files that it names.
  private struct Project {
    private let folder: CommandLine.Folder
    var path: String { URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path }

    init(workingFolder: String = "", file: String = "data/sums.jsonl", output: String = "runs/a")
      throws
    {
      folder = try CommandLine.Folder()
      for name in ["configs", "data", "elsewhere"] {
        try FileManager.default.createDirectory(
          atPath: path + "/" + name, withIntermediateDirectories: true)
      }
      try write("data/sums.jsonl", #"{"prompt": "1 + 1 = ", "answer": "2"}"# + "\n")
      try FileManager.default.createSymbolicLink(
        atPath: path + "/start",
        withDestinationPath: CommandLine.fixture("../../Documentation/Recipes/start"))
      try write(
        "configs/run.yaml",
        """
        steps: 1
        output: \(output)
        working-folder: \(workingFolder.isEmpty ? "\"\"" : workingFolder)
        task: {use: jsonl, train: \(file)}
        policy: {use: transformer, checkpoint: start}
        reward: {use: process, command: [sh, reward.sh], directory: data}
        objective: grpo
        rollout: {prompts: 1, samples: 2, max-new-tokens: 2}
        evaluation: {items: 0}

        """)
      try write(
        "data/reward.sh",
        """
        while read -r line; do
          echo "$line" | sed 's/.*"id": *\\([0-9]*\\).*/{"id": \\1, "reward": 1}/'
        done

        """)
    }

    func write(_ name: String, _ text: String) throws {
      try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }

    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: path + "/" + name)
    }
  }

  private func run(_ arguments: [String], in folder: String) throws -> CommandLine.Result {
    // A shell, for the folder is the process's own.
    let quoted = ([fulcrum.executable] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try CommandLine(executable: "/bin/sh").run("-c", "cd '\(folder)' && exec \(quoted)")
  }

  @Test func `paths start at the working folder, and a run goes on from any`() throws {
    let project = try Project()
    let begun = try run(["train", "configs/run.yaml"], in: project.path)
    #expect(begun.status == 0, "\(begun.errors)")
    #expect(project.exists("runs/a/checkpoints/step-1"))
    let yaml = try String(contentsOfFile: project.path + "/runs/a/run.yaml", encoding: .utf8)
    #expect(yaml.contains("working-folder: \"../..\"\n"))
    try FileManager.default.removeItem(atPath: project.path + "/runs/a/checkpoints/step-1")
    let resumed = try run(["resume", "../runs/a"], in: project.path + "/elsewhere")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(project.exists("runs/a/checkpoints/step-1"))
    // The run moves with its project.
    let moved = project.path + "-moved"
    try FileManager.default.moveItem(atPath: project.path, toPath: moved)
    defer { try? FileManager.default.moveItem(atPath: moved, toPath: project.path) }
    try FileManager.default.removeItem(atPath: moved + "/runs/a/checkpoints/step-1")
    let again = try run(["resume", moved + "/runs/a"], in: "/")
    #expect(again.status == 0, "\(again.errors)")
    // Another place for the run: its folder is written whole.
    let replayed = try run(
      ["explain", "configs/run.yaml", "--no-trial", "--full"], in: moved)
    #expect(replayed.output.contains("working-folder: \"\(moved)\"\n"))
  }

  @Test func `a configuration may name the folder, and options keep their own`() throws {
    let project = try Project(workingFolder: "..")
    try project.write("elsewhere/own.jsonl", #"{"prompt": "2 + 2 = ", "answer": "4"}"# + "\n")
    let place = project.path + "/elsewhere"
    let begun = try run(
      ["train", "../configs/run.yaml", "--set", "task.train=own.jsonl", "--set", "output=b"],
      in: place)
    #expect(begun.status == 0, "\(begun.errors)")
    #expect(project.exists("elsewhere/b/checkpoints/step-1"))
    let yaml = try String(contentsOfFile: place + "/b/run.yaml", encoding: .utf8)
    #expect(yaml.contains("train: \"\(place)/own.jsonl\"\n"))
    #expect(yaml.contains("checkpoint: \"start\"\n"))
    let evaluated = try run(
      ["evaluate", "b", "--checkpoint", "b/checkpoints/step-1"], in: place)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
  }

  @Test func `what isn't there is told with the places that were tried`() throws {
    let project = try Project(file: "nowhere.jsonl")
    let none = try run(["explain", "configs/run.yaml"], in: project.path)
    #expect(none.status == 2)
    #expect(
      none.errors == """
        error: configs/run.yaml:4: task.train: expected a file or folder, found none at 'nowhere.jsonl'
          hint: relative paths start at the working folder, which has no \(project.path)/nowhere.jsonl, nor \
        is there \(project.path)/configs/nowhere.jsonl, beside the configuration

        """)
    let beside = try Project(file: "sums.jsonl")
    try beside.write("configs/sums.jsonl", "")
    let hint = try run(["explain", "configs/run.yaml"], in: beside.path)
    #expect(
      hint.errors == """
        error: configs/run.yaml:4: task.train: expected a file or folder, found none at 'sums.jsonl'
          hint: relative paths start at the working folder, which has no \(beside.path)/sums.jsonl; there is \
        \(beside.path)/configs/sums.jsonl, beside the configuration: write 'working-folder: .' into that, or \
        run the command in \(beside.path)/configs

        """)
    let whole = try Project()
    let outer = try run(["explain", "../configs/run.yaml"], in: whole.path + "/elsewhere")
    #expect(
      outer.errors == """
        error: ../configs/run.yaml:4: task.train: expected a file or folder, found none at 'data/sums.jsonl'; \
        relative paths start at the working folder, which has no \(whole.path)/elsewhere/data/sums.jsonl; \
        there is \(whole.path)/data/sums.jsonl: run the command in \(whole.path)
        ../configs/run.yaml:5: policy.checkpoint: expected a file or folder, found none at 'start'; relative \
        paths start at the working folder, which has no \(whole.path)/elsewhere/start; there is \
        \(whole.path)/start: run the command in \(whole.path)
        2 faults

        """)
    let named = try Project(workingFolder: "nowhere")
    let missing = try run(["train", "configs/run.yaml"], in: named.path)
    #expect(missing.status == 2)
    #expect(
      missing.errors == """
        error: configs/run.yaml:3: working-folder: expected a folder, found none at \
        \(named.path)/configs/nowhere
          hint: relative paths of the configuration start there; name it relative to this file's folder

        """)
  }

  @Test func `a recipe runs from any folder`() throws {
    let folder = try CommandLine.Folder()
    let recipe = URL(fileURLWithPath: CommandLine.fixture(""))
      .appendingPathComponent("../../Documentation/Recipes/knights-and-knaves.yaml")
      .standardizedFileURL.path
    let explained = try run(["explain", recipe, "--no-trial"], in: folder.path)
    #expect(explained.status == 0, "\(explained.errors)")
  }

  @Test func `a name of a model is told that nothing is fetched`() throws {
    let project = try Project()
    let result = try run(
      ["explain", "configs/run.yaml", "--set", "policy.checkpoint=Qwen/Qwen2.5-0.5B"],
      in: project.path)
    #expect(result.status == 2)
    #expect(
      result.errors.hasSuffix(
        "; nothing is fetched by name: download the model, and give its folder\n"))
    #expect(result.errors.hasPrefix("error: --set policy.checkpoint: expected a file or folder"))
  }
}
