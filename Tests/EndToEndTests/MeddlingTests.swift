import Foundation
import Testing

/// A component can neither end the process without a word nor change what it shares with others.
@Suite struct MeddlingTests {
  private let run: FaultRun
  private let library: String

  init() throws {
    run = try FaultRun()
    library = try PluginCompiler(folder: run.folder.path).library(MeddlingPlugins.source)
    for name in ["meddling", "leaving"] {
      try PluginCompiler.install(library, as: name, in: run.folder.path)
    }
  }

  /// The arguments that put the fixture's advantage last.
  private func arguments(_ output: String, deed: String) -> [String] {
    run.arguments(
      run.folder.path + "/" + output,
      [
        "plugin-path=[\"\(run.folder.path)\"]",
        "advantage=[{use: grpo}, {use: meddling, deed: \(deed)}]",
      ])
  }

  private static let hint =
    "\n  hint: a component returns or throws, it doesn't call exit; once that is mended, 'fulcrum"
    + " resume' goes on with a run\n"

  @Test(arguments: [
    ("init-exit", "step 0, in the making of advantage meddling"),
    ("init-end", "step 0, in the making of advantage meddling"),
    ("call-exit", "step 1, in advantage meddling"), ("call-end", "step 1, in advantage meddling"),
  ])
  func `a component that ends the process is named`(_ deed: String, place: String) throws {
    let result = try CommandLine().run(arguments("ended", deed: deed))
    #expect(result.status == 1)
    #expect(
      result.errors.hasSuffix(
        "error: the process was ended from within, with status 0, by code that may not do so; last"
          + " entered: \(place)" + Self.hint), "\(result.errors)")
  }

  @Test func `a plugin that ends the process as it is loaded is named`() throws {
    let result = try CommandLine().run("plugin", "info", run.folder.path + "/libfulcrum-leaving.so")
    #expect(result.status == 1)
    #expect(
      result.errors.contains("last entered: step 0, in the loading of plugin leaving"),
      "\(result.errors)")
  }

  @Test func `a reward that ends the process fails every command that uses it`() throws {
    let reward = "reward={use: meddling, deed: call-end}"
    let path = "plugin-path=[\"\(run.folder.path)\"]"
    let texts = run.folder.path + "/texts.jsonl"
    try #"{"id": "a", "prompt": "p", "completion": "c", "answer": "b"}"#.appending("\n")
      .write(toFile: texts, atomically: true, encoding: .utf8)
    let output = run.folder.path + "/arms"
    let started = try run.whole("started", "logging.record=true")
    let commands = [
      run.arguments(run.folder.path + "/a", [reward, path]),
      ["arms", run.config, "--seeds", "1", "--arm", "one=update.iterations=2"]
        + ["output=\(output)", reward, path].flatMap { ["--set", $0] },
      ["replay", started, "--output", run.folder.path + "/b"]
        + [reward, path].flatMap {
          ["--set", $0]
        },
      ["evaluate", run.config] + [reward, path].flatMap { ["--set", $0] },
      [
        "reward", "score", "--input", texts, "--use", run.folder.path + "/libfulcrum-meddling.so",
        "--set",
        "deed=call-end",
      ],
    ]
    for command in commands {
      let result = try CommandLine().run(command)
      #expect(result.status == 1, "\(command): \(result.errors)")
      #expect(result.errors.contains("was ended from within, with status 0"), "\(command)")
      #expect(result.errors.contains("in reward meddling"), "\(command): \(result.errors)")
    }
  }

  @Test func `a run that a component ended goes on once it is mended`() throws {
    let whole = try run.whole(
      "whole", "plugin-path=[\"\(run.folder.path)\"]",
      "advantage=[{use: grpo}, {use: meddling, deed: nothing}]")
    let output = run.folder.path + "/mended"
    #expect(try CommandLine().run(arguments("mended", deed: "call-end")).status == 1)
    let file = output + "/run.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try #require(text.contains("call-end"))
    try text.replacingOccurrences(of: "call-end", with: "nothing")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("resume", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains("the process before did not end by itself; last entered: step 1, in"))
    try FaultRun.expectEqual(whole, output, checkpoint: 3)
  }

  @Test(arguments: [
    ("folder", "its working folder"), ("umask", "its file mask (umask)"),
    ("signal", "what SIGTERM does"),
    ("rounding", "its floating-point mode (rounding, traps or tiny numbers)"),
    ("streams", "its standard output, its standard error"),
  ])
  func `a component that changes the process is named, and the change taken back`(
    _ deed: String, words: String
  ) throws {
    for (place, name) in [
      ("init", "the making of advantage meddling"), ("call", "step 1: advantage meddling"),
    ] {
      let output = "changed-\(place)"
      let result = try CommandLine().run(arguments(output, deed: "\(place)-\(deed)"))
      #expect(result.status == 1)
      #expect(
        result.errors.contains(
          "\(name): expected the process as it was, found that the code changed \(words);"
            + " it was put back\n  hint: a component may read these, and must not set them: other"
            + " components share the process"), "\(result.errors)")
      #expect(
        FileManager.default.fileExists(atPath: run.folder.path + "/" + output) == (place == "call"))
    }
  }

  @Test func `plugin check names the component, and tells init from calls`() throws {
    for place in ["init", "call"] {
      for deed in ["folder", "signal", "rounding", "end"] {
        let result = try CommandLine().run(
          "plugin", "check", run.folder.path + "/libfulcrum-meddling.so", "--set",
          "meddling.deed=\(place)-\(deed)")
        #expect(result.status == 1, "\(place)-\(deed): \(result.output)\(result.errors)")
        let words =
          deed == "end"
          ? "ended the process with status 0"
          : "expected the process as it was, found that the code"
        for component in ["advantage-transform meddling", "reward meddling"] {
          let begin = try #require(result.output.range(of: "\n\(component)\n"), "\(result.errors)")
          let rest = result.output[begin.upperBound...]
          // Only the making fails in init; in calls it is the contract's later checks.
          let making = rest.prefix { $0 != "\n" }
          #expect(making.contains("FAULT") == (place == "init"), "\(making)")
          #expect(rest.contains(words), "\(place)-\(deed), \(component): \(rest)")
        }
      }
    }
  }

  @Test func `a copy of the process that comes back from a call is ended, and the run is whole`()
    throws
  {
    let whole = try run.whole(
      "whole", "plugin-path=[\"\(run.folder.path)\"]",
      "advantage=[{use: grpo}, {use: meddling, deed: nothing}]")
    let result = try CommandLine().run(arguments("forked", deed: "call-fork"))
    #expect(result.status == 0, "\(result.errors)")
    let told =
      "error: advantage meddling: a copy of the process, made by fork, returned from the call; the"
      + " copy was ended\n"
    // Once in each of the three steps.
    #expect(result.errors.components(separatedBy: told).count == 4, "\(result.errors)")
    try FaultRun.expectEqual(whole, run.folder.path + "/forked", checkpoint: 3)
  }

  @Test func `a lost descriptor of the host, and a stray write to it, are told`() throws {
    let lost = try CommandLine().run(arguments("lost", deed: "call-all"))
    #expect(lost.status == 1)
    #expect(
      lost.errors.contains(
        "advantage meddling: expected the process as it was, found that the code changed a descriptor"
          + " of the host's own, which is lost"), "\(lost.errors)")
    let stray = try CommandLine().run(arguments("stray", deed: "call-stray"))
    #expect(stray.status == 1)
    #expect(stray.errors.contains("was ended from within, with status 0"), "\(stray.errors)")
  }

  @Test func `what plugins would do at exit is left out`() throws {
    let result = try CommandLine().run(arguments("last", deed: "init-last"))
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: [
    ("no-such.yaml >&- 2>&-", 2), ("no-such.yaml >&- <&-", 2), ("no-such.yaml 2>/dev/full", 2),
    ("no-such.yaml <&- >&- 2>&-", 2),
  ])
  func `a status doesn't depend on the streams that the caller has`(_ words: String, status: Int32)
    throws
  {
    let result = try CommandLine(executable: "/bin/sh").run(
      "-c", "\(CommandLine.products)/fulcrum train \(words)")
    #expect(result.status == status, "\(words): \(result.errors)")
  }

  @Test func `what a plugin prints is no part of a command's output`() throws {
    let texts = run.folder.path + "/texts.jsonl"
    try #"{"id": "a", "prompt": "p", "completion": "c", "answer": "b"}"#.appending("\n")
      .write(toFile: texts, atomically: true, encoding: .utf8)
    let result = try CommandLine().run(
      "reward", "score", "--input", texts, "--use", run.folder.path + "/libfulcrum-meddling.so",
      "--set",
      "deed=call-words")
    #expect(result.status == 0, "\(result.errors)")
    #expect(!result.output.contains("1000"))
    #expect(result.errors.contains(#"{"reward": 1000}"#))
  }
}
