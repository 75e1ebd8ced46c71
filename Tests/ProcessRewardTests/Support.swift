import Foundation
import FulcrumKernel
import ProcessRewardPlugin
import Testing

/// A folder with a program in it, removed with the value.
final class Workshop {
  let path = NSTemporaryDirectory() + "process-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A reward by a Python program. It finds `ask()`, which gives the next sample or `None`, `say`
  /// for a reply, and `first(NAME)`: whether this is the first process to get there.
  func python(_ body: String, _ given: [String: ParameterValue] = [:]) throws -> ProcessReward {
    let prelude = """
      import json, os, sys, time
      def ask():
          line = sys.stdin.readline()
          return json.loads(line) if line else None
      def say(**reply):
          print(json.dumps(reply))
      def first(name):
          try:
              os.close(os.open(name, os.O_CREAT | os.O_EXCL))
              return True
          except FileExistsError:
              return False

      """
    try (prelude + body).write(toFile: path + "/r.py", atomically: true, encoding: .utf8)
    return try make(["command": .texts(["python3", "r.py"])].merging(given) { $1 })
  }

  func make(_ given: [String: ParameterValue]) throws -> ProcessReward {
    let all = ["directory": ParameterValue.text(path)].merging(given) { $1 }
    return try ProcessReward(
      try Parameters(all, for: ProcessReward.manual.parameters, at: "reward"),
      context: ComponentContext())
  }

  func lines(_ name: String) -> [String] {
    let text = (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }
}

func samples(_ texts: [String]) -> [RewardSample] {
  texts.map { RewardSample(prompt: "p", completion: $0, answer: "a") }
}

/// The body of a program that judges by the completion's length.
let wellBehaved = """
  while (s := ask()) is not None:
      say(id=s["id"], reward=len(s["completion"]), outcome="correct")
  """
