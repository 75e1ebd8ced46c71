import Foundation
import Testing

/// Tests the refusals of `plugin new`, word for word, and that it leaves nothing behind then.
@Suite struct PluginNewErrorTests {
  private let folder: CommandLine.Folder

  init() throws { folder = try CommandLine.Folder() }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
  }

  /// Runs it in the folder.
  private func new(_ arguments: String..., program: CommandLine = CommandLine()) throws
    -> CommandLine.Result
  {
    try CommandLine(executable: "/bin/sh").run(
      ["-c", "cd \"$0\" && exec \"$@\"", folder.path, program.executable, "plugin", "new"]
        + arguments)
  }

  @Test(arguments: [
    ("My_Idea", "did you mean 'my-idea'?"), ("2nd", "take a name such as my-idea"),
    ("../idea", "take a name such as my-idea"), ("", "take a name such as my-idea"),
  ])
  func `a name that breaks the rule`(name: String, hint: String) throws {
    let result = try new(name, "--kind", "reward")
    #expect(result.status == 2)
    #expect(
      result.errors == """
        error: expected a name of lower-case letters, digits and hyphens, starting with a letter, \
        got '\(name)'
          hint: \(hint)

        """)
    #expect(names.isEmpty)
  }

  @Test func `an unknown kind, or none`() throws {
    let unknown = try new("my-idea", "--kind", "loss")
    #expect(unknown.status == 2)
    #expect(
      unknown.errors.hasPrefix(
        """
        Error: The value 'loss' is invalid for '--kind <kind>'. Please provide one of the following:
          - advantage-transform
          - update-scheduler
          - policy-objective
          - reward
          - task
          - policy

        """), "\(unknown.errors)")
    let none = try new("my-idea")
    #expect(none.status == 2)
    #expect(none.errors.hasPrefix("Error: Missing expected argument '--kind <kind>'"))
    #expect(names.isEmpty)
  }

  @Test func `a folder with files in it, and a file, stay as they are`() throws {
    let files = FileManager.default
    try files.createDirectory(
      atPath: folder.path + "/my-idea", withIntermediateDirectories: false)
    try "mine".write(
      toFile: folder.path + "/my-idea/notes", atomically: true, encoding: .utf8)
    try "mine".write(toFile: folder.path + "/notes", atomically: true, encoding: .utf8)
    let full = try new("my-idea", "--kind", "reward")
    #expect(full.status == 2)
    #expect(
      full.errors == """
        error: \(folder.path)/my-idea: expected a new or an empty folder, got one with files in it
          hint: choose another one with --output, or move that away

        """)
    let file = try new("my-idea", "--kind", "reward", "--output", "notes")
    #expect(file.status == 2)
    #expect(
      file.errors == """
        error: \(folder.path)/notes: expected a new or an empty folder, got a file
          hint: choose another one with --output, or move that away

        """)
    #expect(names == ["my-idea", "notes"])
    #expect(try files.contentsOfDirectory(atPath: folder.path + "/my-idea") == ["notes"])
  }

  @Test(arguments: ["kernel", "plugintesting"])
  func `a folder with the name of a dependency`(name: String) throws {
    let result = try new(name, "--kind", "reward")
    #expect(result.status == 2)
    #expect(
      result.errors == """
        error: \(folder.path)/\(name): expected another folder name than those of the packages \
        that it depends on: Kernel, PluginTesting
          hint: choose one with --output

        """)
    #expect(try new(name, "--kind", "reward", "--output", "my-" + name).status == 0)
  }

  @Test func `the working folder`() throws {
    let result = try new("my-idea", "--kind", "reward", "--output", ".")
    #expect(result.status == 2)
    #expect(
      result.errors == """
        error: \(folder.path): expected a folder to make, got the working folder
          hint: name it from the folder above

        """)
  }

  @Test func `a kernel that is none`() throws {
    let result = try new("my-idea", "--kind", "reward", "--kernel", folder.path)
    #expect(result.status == 2)
    #expect(
      result.errors == """
        error: \(folder.path): expected the folder Kernel of Fulcrum's sources, with PluginTesting \
        beside it
          hint: an installation has them in share/fulcrum, a source tree in Sources

        """)
    #expect(names.isEmpty)
  }

  @Test func `a program without its installation names the places where it looked`() throws {
    let files = FileManager.default
    let bin = folder.path + "/bin"
    try files.createDirectory(atPath: bin, withIntermediateDirectories: false)
    for name in ["fulcrum", "libFulcrumKernel.so"] {
      try files.copyItem(atPath: CommandLine.products + "/" + name, toPath: bin + "/" + name)
    }
    let result = try new(
      "my-idea", "--kind", "reward", program: CommandLine(executable: bin + "/fulcrum"))
    #expect(result.status == 2)
    #expect(
      result.errors == """
        error: found no sources of the kernel; none of these folders has them:
          \(folder.path)/share/fulcrum/Kernel
          hint: give the folder by --kernel; an installation has it in share/fulcrum/Kernel

        """)
    #expect(names == ["bin"])
  }

  @Test func `a disk that is full leaves no half of a package`() throws {
    // A file may have one block of 512 bytes, less than the manifest.
    let result = try CommandLine(executable: "/bin/sh").run([
      "-c", "ulimit -f 1; cd \"$0\" && exec \"$@\"", folder.path, CommandLine().executable,
      "plugin", "new", "my-idea", "--kind", "reward",
    ])
    #expect(result.status == 1)
    #expect(result.errors.contains(": could not write it: File too large\n"), "\(result.errors)")
    #expect(names.isEmpty)
  }
}
