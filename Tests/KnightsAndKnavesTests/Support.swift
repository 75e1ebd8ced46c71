import Foundation
import FulcrumKernel
import KnightsAndKnavesPlugin

func makeTask(
  _ given: [String: ParameterValue] = [:], seed: UInt64 = 1
) throws -> KnightsAndKnavesTask {
  let parameters = try Parameters(given, for: KnightsAndKnavesTask.manual.parameters, at: "task")
  return try KnightsAndKnavesTask(parameters, context: ComponentContext(seed: seed))
}

/// A text's score under the reward, as the total alone.
func total(_ text: String, prompt: String = "", answer: String) throws -> Double? {
  try score(text, prompt: prompt, answer: answer).value
}

func score(_ text: String, prompt: String = "", answer: String) throws -> RewardScore {
  let parameters = try Parameters(
    for: KnightsAndKnavesReward.manual.parameters, at: "reward")
  let reward = try KnightsAndKnavesReward(parameters, context: ComponentContext())
  return try reward.score(RewardSample(prompt: prompt, completion: text, answer: answer))
}

/// The error that `body` throws, as a Fulcrum error; `nil` if it throws none.
func failure(of body: () throws -> Void) -> FulcrumError? {
  do {
    try body()
    return nil
  } catch {
    return error as? FulcrumError
  }
}

func stream(_ number: UInt64) -> RandomStream {
  CounterRandom(seed: 7, purpose: "tests").stream(number)
}

/// Real puzzles that lie beside a checkout on some machines and are never part of it.
enum SharedData {
  static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "../shared/data/kk").standardizedFileURL

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static var isThere: Bool { FileManager.default.fileExists(atPath: path("README.md")) }
}

/// A folder of its own for a test's files, removed when the test is over.
final class TemporaryFolder {
  private let url = FileManager.default.temporaryDirectory.appending(
    path: "knights-and-knaves-" + UUID().uuidString)

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file and gives its path.
  func write(_ name: String, _ contents: Data) throws -> String {
    try contents.write(to: url.appending(path: name))
    return path(name)
  }

  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Data(text.utf8))
  }
}
