import Foundation
import Testing

/// The built program, run as a user would.
struct CommandLine {
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    /// The output with two spaces between columns, however wide they are.
    var columns: String { output.replacing(#/ {2,}/#, with: "  ") }
  }

  /// A folder for one test, removed with the value.
  final class Folder {
    let path = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// The folder of the test's own binary, and so of the program and the plugins.
  static var products: String {
    var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.fileExists(atPath: folder.appendingPathComponent("fulcrum").path)
    {
      folder.deleteLastPathComponent()
    }
    return folder.path
  }

  var executable = products + "/fulcrum"

  func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    return process
  }

  /// A folder or file of Tests/Fixtures.
  static func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + name).path
  }

  @discardableResult
  func run(_ arguments: String..., input: Data = Data()) throws -> Result {
    try run(arguments, input: input)
  }

  @discardableResult
  func run(_ arguments: [String], input: Data = Data()) throws -> Result {
    let process = process(arguments)
    let pipe = Pipe()
    process.standardInput = pipe
    // Small enough for the pipe's own memory.
    try pipe.fileHandleForWriting.write(contentsOf: input)
    try pipe.fileHandleForWriting.close()
    // Files, not pipes: a full pipe would block a talkative program.
    let folder = try Folder()
    let paths = ["out", "err"].map { folder.path + "/" + $0 }
    for path in paths { try #require(FileManager.default.createFile(atPath: path, contents: nil)) }
    process.standardOutput = FileHandle(forWritingAtPath: paths[0])
    process.standardError = FileHandle(forWritingAtPath: paths[1])
    try process.run()
    process.waitUntilExit()
    let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
    return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}

/// Configurations small enough for tests, and what their runs leave.
enum SmallRun {
  static let task = """
    task: {use: knights-and-knaves, people: [2], names: 4, trace: short}

    """
  static let policy = """
    policy: {use: transformer, vocabulary: 300, width: 32, layers: 1, heads: 2, context: 224}

    """
  static let training = """
    steps: 3
    seed: 7
    reward: knights-and-knaves
    advantage: [{use: grpo}, {use: advantage-reweighting}]
    schedule: lopti
    objective: [{use: grpo}, {use: kl-penalty, beta: 0.01}]
    rollout: {prompts: 4, samples: 4, max-new-tokens: 40}
    update: {minibatch-prompts: 2, learning-rate: 1e-3}
    evaluation: {items: 4, temperature: 1}

    """

  /// Makes a start that has learned something: it ends its completions and varies in reward.
  static func start(in folder: String) throws -> String {
    let config = folder + "/start.yaml"
    let warmStart = "warm-start: {demonstrations: 1500, batch: 20, learning-rate: 5e-3}\n"
    try (task + policy + warmStart).write(toFile: config, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("sft", config, "--set", "output=\(folder)/start")
    try #require(result.status == 0, "\(result.errors)")
    return folder + "/start"
  }

  /// Writes a training configuration that begins from a checkpoint.
  static func configuration(start: String, in folder: String) throws -> String {
    let path = folder + "/run.yaml"
    let policy = "policy: {use: transformer, checkpoint: \"\(start)\"}\n"
    try (training + task + policy).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Writes a training configuration whose policy is the tests' engine (Tests/Fixtures/engine), which
  /// leaves its notes in the folder.
  static func engineConfiguration(sampler: String = "torch", in folder: String) throws -> String {
    let engine = CommandLine.fixture("engine")
    let python = URL(fileURLWithPath: engine + "/../../../Python").standardized.path
    // The folder of the checkpoint has no weights: the engine begins with its own.
    let policy = """
      policy:
        use: torch
        checkpoint: "\(engine)"
        sampler: \(sampler)
        launch: [env, "PYTHONPATH=\(engine):\(python)", PYTHONDONTWRITEBYTECODE=1,
          "FAKE_ENGINE_NOTES=\(folder)"]

      """
    let path = folder + "/run.yaml"
    try (training + task + policy).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The lines of `metrics.jsonl` without what depends on the clock.
  static func metrics(of run: String) throws -> [[String: Double]] {
    let text = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Double])
      return object.filter { name, _ in
        !name.contains("time") && name != "tokens_per_second"
      }
    }
  }

  static func weights(of run: String, step: Int) throws -> Data {
    let path = run + "/checkpoints/step-\(step)/model.safetensors"
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }
}
