import Foundation
import Testing

/// What shells complete, and the examples of help texts.
@Suite struct CompletionTests {
  private static let commands = [
    "train", "resume", "arms", "explain", "replay", "evaluate", "microscope", "report", "compare",
    "sft", "model info", "model tokenize", "model score", "model import", "generate", "plugin list",
    "plugin info", "plugin reference", "plugin new", "plugin lock", "plugin check", "reward score",
    "bench", "doctor",
  ]

  @Test(arguments: commands) func `a command's help shows how it is called`(command: String) throws
  {
    let help = try CommandLine().run(["help"] + command.split(separator: " ").map(String.init))
    #expect(help.status == 0, "\(help.errors)")
    let example = help.output.split(separator: "\n").contains {
      $0.hasPrefix("  fulcrum \(command)")
    }
    #expect(example, "\(help.output)")
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func `there is a script for a shell`(shell: String)
    throws
  {
    let script = try CommandLine().run("--generate-completion-script", shell)
    #expect(script.status == 0, "\(script.errors)")
    #expect(script.output.contains("fulcrum"))
    #expect(script.output.contains("yaml"))
  }

  /// What bash offers at the end of a line, in a folder with a configuration, a text and a run.
  private func offers(_ line: String) throws -> [String] {
    let folder = try CommandLine.Folder()
    for file in ["run.yaml", "notes.txt"] {
      try "".write(toFile: "\(folder.path)/\(file)", atomically: true, encoding: .utf8)
    }
    try FileManager.default.createDirectory(
      atPath: folder.path + "/runs", withIntermediateDirectories: false)
    let script = try CommandLine().run("--generate-completion-script", "bash").output
    try script.write(toFile: folder.path + "/script", atomically: true, encoding: .utf8)
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    shell.arguments = [
      "-c",
      """
      . ./script
      COMP_LINE=$1 COMP_POINT=${#1}
      read -ra COMP_WORDS <<<"$1"
      case $1 in *' ') COMP_WORDS+=('') ;; esac
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      compopt() { :; }
      complete=$(complete -p fulcrum | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
      $complete fulcrum "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """,
      "bash", line,
    ]
    shell.environment = ["PATH": CommandLine.products + ":/usr/bin:/bin"]
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    shell.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func `bash completes names of plugins, configurations and folders`() throws {
    #expect(try offers("fulcrum plugin info gr").contains("grpo"))
    #expect(try offers("fulcrum reward score --use ma").contains("math"))
    let configurations = try offers("fulcrum train ")
    #expect(configurations.contains("run.yaml"), "\(configurations)")
    #expect(!configurations.contains("notes.txt"), "\(configurations)")
    let runs = try offers("fulcrum resume ")
    #expect(runs.contains("runs"), "\(runs)")
    #expect(!runs.contains("run.yaml"), "\(runs)")
  }
}
