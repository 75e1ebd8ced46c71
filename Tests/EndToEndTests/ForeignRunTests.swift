import Foundation
import Testing

/// The examples of Examples/Foreign, built by their Makefile and used by the program.
@Suite struct ForeignRunTests {
  private let folder: CommandLine.Folder
  private let examples: String

  static let hasFortran = (try? make(["--version"], program: "gfortran")) == 0

  init() throws {
    folder = try CommandLine.Folder()
    examples = folder.path + "/Foreign"
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/Foreign").path
    try FileManager.default.copyItem(atPath: source, toPath: examples)
    // Whatever was built in the source tree is not what is tested.
    for name in try FileManager.default.subpathsOfDirectory(atPath: examples)
    where name.hasSuffix(".so") {
      try FileManager.default.removeItem(atPath: examples + "/" + name)
    }
  }

  private static func make(_ arguments: [String], program: String = "make") throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Builds one example's library and gives its folder.
  private func build(_ name: String, _ library: String) throws -> String {
    let path = "\(name)/\(library)"
    let status = try Self.make(["-s", "-C", examples, path, "CC=clang", "CXX=clang++"])
    try #require(status == 0)
    return examples + "/" + name
  }

  @Test func `a reward in C is listed, described, and scores`() throws {
    let path = try build("LengthAware", "liblength_aware.so")
    let list = try CommandLine().run("plugin", "list", "--plugin-path", path)
    #expect(list.status == 0, "\(list.errors)")
    #expect(
      list.output.contains(
        "length-aware 1.0.0\n  \(path)/length-aware.fulcrum.yaml\n  reward length-aware\n"))
    let info = try CommandLine().run("plugin", "info", "length-aware", "--plugin-path", path)
    #expect(info.status == 0, "\(info.errors)")
    #expect(
      info.output.contains(
        "  calls      double length_aware_reward(const char *completion, const char *answer,"
          + " int64_t token_count, double target)\n"))
    #expect(info.output.contains("  library    \(path)/liblength_aware.so\n"))

    let input = folder.path + "/samples.jsonl"
    let output = folder.path + "/scores.jsonl"
    try """
    {"id": "a", "prompt": "2 + 2 =", "completion": "it is 4", "answer": "4"}
    {"id": "b", "prompt": "2 + 2 =", "completion": "it is 5", "answer": "4"}

    """.write(toFile: input, atomically: true, encoding: .utf8)
    let scored = try CommandLine().run(
      "reward", "score", "--use", path + "/length-aware.fulcrum.yaml", "--input", input,
      "--output", output)
    #expect(scored.status == 0, "\(scored.errors)")
    let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("\"reward\": 1") && lines[0].contains("\"correct\""))
    #expect(lines[1].contains("\"reward\": 0") && lines[1].contains("\"wrong\""))
  }

  @Test func `a transform in C++ stands among the methods`() throws {
    let path = try build("DampUnlikely", "libdamp_unlikely.so")
    let result = try CommandLine().run(
      "methods", "damp-unlikely", "--markdown", "--plugin-path", path)
    #expect(result.status == 0, "\(result.errors)")
    // As the plugin in Swift does, and with the manifest's formula.
    #expect(
      result.output.contains(
        "equation (4) | `A ← (α p + 1 − α) A` | old-log-probabilities | unlikely ×0.73, between ×0.85,"
          + " likely ×0.96 | – |\n"), "\(result.output)")
  }

  @Test func `a refused manifest is an exit status of 1 and one message`() throws {
    let path = examples + "/LengthAware"
    let list = try CommandLine().run("plugin", "list", "--plugin-path", path)
    #expect(list.status == 1)
    #expect(
      list.output.contains(
        """
        length-aware: not loaded
          \(path)/length-aware.fulcrum.yaml: refused: library 'liblength_aware.so': there is no such file
          hint: build it, or correct 'library': it is looked for at \(path)/liblength_aware.so
        """))
  }

  /// Every line of the example but comments, in the guide's order.
  @Test(arguments: ["length_aware.c", "length-aware.fulcrum.yaml"])
  func `the guide shows the example as it is`(name: String) throws {
    let guide = try String(
      contentsOfFile: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Documentation/ForeignPlugins.md").path, encoding: .utf8)
    let text = try String(
      contentsOfFile: examples + "/LengthAware/" + name, encoding: .utf8)
    let shown = text.split(separator: "\n").filter { line in
      !["#", "/*", " *", "  #"].contains { line.hasPrefix($0) }
    }.joined(separator: "\n")
    #expect(guide.contains(shown))
  }

  /// A function that logs, in a process whose standard error is looked at.
  @Test func `log lines bear the component's name`() throws {
    let code = """
      double chatty(const char *completion, void (*log)(const char *)) {
        log(completion);
        return 1;
      }
      """
    let manifest = """
      fulcrum-foreign: 1
      name: chatty
      kind: reward
      summary: says what it is given
      source: a test
      library: libchatty.so
      function: chatty
      returns: f64
      arguments: [{type: utf8, bind: completion}, {type: callback, bind: log}]
      examples: [{given: {completion: "in the check"}, expect: 1}]

      """
    try code.write(toFile: folder.path + "/chatty.c", atomically: true, encoding: .utf8)
    try manifest.write(
      toFile: folder.path + "/chatty.fulcrum.yaml", atomically: true, encoding: .utf8)
    let built = try Self.make(
      ["-shared", "-fPIC", folder.path + "/chatty.c", "-o", folder.path + "/libchatty.so"],
      program: "clang")
    try #require(built == 0)
    let input = folder.path + "/in.jsonl"
    try """
    {"id": "a", "prompt": "", "completion": "first", "answer": ""}
    {"id": "b", "prompt": "", "completion": "größer", "answer": ""}

    """.write(toFile: input, atomically: true, encoding: .utf8)
    let result = try CommandLine().run(
      "reward", "score", "--use", "chatty", "--plugin-path", folder.path, "--input", input,
      "--output", folder.path + "/out.jsonl")
    #expect(result.status == 0)
    // What the child said while it checked is not the run's.
    #expect(result.errors == "reward chatty: first\nreward chatty: größer\n")
  }

  /// Two training runs from one start: their metrics and their weights.
  private func runs(
    _ lines: [(name: String, replaced: String)], line: String
  ) throws -> [(metrics: [[String: Double]], weights: Data)] {
    let config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
    let text = try String(contentsOfFile: config, encoding: .utf8)
    try #require(text.contains(line))
    return try lines.map { name, replaced in
      try text.replacing(line, with: replaced).write(
        toFile: config, atomically: true, encoding: .utf8)
      let output = folder.path + "/" + name
      let result = try CommandLine().run(
        "train", config, "--set", "output=\(output)", "--set",
        "plugin-path=[\"\(examples)/DampUnlikely\", \"\(examples)/ClippedRatio\"]")
      try #require(result.status == 0, "\(result.errors)")
      return (
        try SmallRun.metrics(of: output), try SmallRun.weights(of: output, step: 3)
      )
    }
  }

  @Test func `a transform in C++ trains to the same bits as the plugin in Swift`() throws {
    _ = try build("DampUnlikely", "libdamp_unlikely.so")
    let line = "advantage: [{use: grpo}, {use: advantage-reweighting}]"
    let both = try runs(
      [
        ("swift", line), ("foreign", "advantage: [{use: grpo}, {use: damp-unlikely}]"),
        ("without", "advantage: [{use: grpo}]"),
      ], line: line)
    #expect(both[0].metrics == both[1].metrics)
    #expect(both[0].weights == both[1].weights)
    // The transform matters in this run, so that equal bits say something.
    #expect(both[0].weights != both[2].weights)
    let provenance = try String(
      contentsOfFile: folder.path + "/foreign/run.yaml", encoding: .utf8)
    #expect(provenance.contains("path: \(examples)/DampUnlikely/damp-unlikely.fulcrum.yaml"))
  }

  @Test(.enabled(if: hasFortran, "gfortran is not installed: apt-get install gfortran"))
  func `an objective in Fortran trains as the one in Swift does, but for rounding`() throws {
    _ = try build("ClippedRatio", "libclipped_ratio.so")
    let line = "objective: [{use: grpo}, {use: kl-penalty, beta: 0.01}]"
    // The example has one epsilon for both sides.
    let both = try runs(
      [
        ("swift", "objective: {use: grpo, clip-high: 0.2}"),
        ("foreign", "objective: {use: clipped-ratio}"),
      ], line: line)
    for (swift, foreign) in zip(both[0].metrics, both[1].metrics) {
      for name in ["loss", "grad_norm", "entropy"] {
        let expected = try #require(swift[name])
        let got = try #require(foreign[name])
        // Both compute in Double from the same numbers and round once; `exp` and the order of
        // factors may differ in the last place, which three steps amplify.
        #expect(abs(got - expected) <= 1e-6 * max(1, abs(expected)), "\(name)")
      }
    }
  }
}
