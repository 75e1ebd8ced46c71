import CountdownPlugin
import Foundation
import FulcrumKernel

func makeTask(_ given: [String: ParameterValue] = [:], seed: UInt64 = 1) throws -> CountdownTask {
  let parameters = try Parameters(given, for: CountdownTask.manual.parameters, at: "task")
  return try CountdownTask(parameters, context: ComponentContext(seed: seed))
}

func makeReward(_ given: [String: ParameterValue] = [:]) throws -> CountdownReward {
  try CountdownReward(
    Parameters(given, for: CountdownReward.manual.parameters, at: "reward"),
    context: ComponentContext())
}

func score(
  _ completion: String, prompt: String = "", answer: String,
  _ given: [String: ParameterValue] = [:]
) throws -> RewardScore {
  try makeReward(given).score(
    RewardSample(prompt: prompt, completion: completion, answer: answer))
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

func puzzle(of item: TaskItem) throws -> Puzzle {
  guard let puzzle = Puzzle(answer: item.answer) else {
    throw FulcrumError(.data, "no puzzle: \(item.answer)")
  }
  return puzzle
}

/// Finds by trying everything how many written derivations of a puzzle there are. It shares no code
/// with what it checks.
enum BruteForce {
  static func solutions(
    of puzzle: Puzzle, operations: String = "+-*", isTree: Bool = false,
    results: ClosedRange<Int> = 0...99
  ) -> Int {
    /// The first value is the last result, unless there is none yet.
    func count(_ values: [Int], isFirst: Bool) -> Int {
      if values.count == 1 { return values[0] == puzzle.target ? 1 : 0 }
      var found = 0
      for i in values.indices where isTree || isFirst || i == 0 {
        for j in values.indices where j != i {
          for sign in operations {
            let (a, b) = (values[i], values[j])
            let value: Int
            switch sign {
            case "+": value = a + b
            case "-": value = a - b
            case "*": value = a * b
            default:
              if b == 0 || a % b != 0 { continue }
              value = a / b
            }
            guard results.contains(value) else { continue }
            let rest = values.indices.filter { $0 != i && $0 != j }.map { values[$0] }
            found += count([value] + rest, isFirst: false)
          }
        }
      }
      return found
    }
    return count(puzzle.numbers, isFirst: true)
  }
}

/// A folder of its own for a test's files, removed when the test is over.
final class TemporaryFolder {
  private let url = FileManager.default.temporaryDirectory.appending(
    path: "countdown-" + UUID().uuidString)

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
