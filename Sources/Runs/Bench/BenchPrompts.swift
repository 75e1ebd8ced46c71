import Foundation
import FulcrumKernel
import JSON

/// Holds the prompts of a benchmark's samples: texts, or random tokens.
package enum BenchPrompts {
  case texts([String])
  case random(count: Int, tokens: Int)

  /// Reads a prompt from each line of a file: `{"prompt": "…"}`.
  ///
  /// - Throws: `.data`, naming the line; `.notFound`.
  package init(file: String) throws(FulcrumError) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw FulcrumError(.notFound, "no readable file here", at: file)
    }
    var texts: [String] = []
    for line in JSONLines([UInt8](data)) {
      var text: String?
      var hint: String?
      do throws(FulcrumError) {
        text = try line.object(in: file)["prompt"]?.text
      } catch {
        hint = error.hint
      }
      guard let text, !text.isEmpty else {
        throw FulcrumError(
          .data, #"expected a JSON object with a text under "prompt""#, at: line.place(in: file),
          hint: hint)
      }
      texts.append(text)
    }
    guard !texts.isEmpty else {
      throw FulcrumError(.data, "expected at least one prompt, got an empty file", at: file)
    }
    self = .texts(texts)
  }

  func tokens(
    _ policy: any PolicyModel, vocabulary: [Int32], _ random: inout RandomStream
  ) throws(FulcrumError) -> [[Int32]] {
    switch self {
    case .texts(let texts):
      var prompts: [[Int32]] = []
      for text in texts { prompts.append(try policy.encode(text)) }
      return prompts
    case .random(let count, let length):
      return (0..<count).map { _ in
        (0..<length).map { _ in vocabulary[Int.random(in: 0..<vocabulary.count, using: &random)] }
      }
    }
  }

  /// Returns lines of random words, enough to train a vocabulary on.
  static func words(_ random: inout RandomStream) -> [String] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let words = (0..<2000).map { _ in
      String(
        (0..<Int.random(in: 2...7, using: &random)).map { _ in
          letters[Int.random(in: 0..<26, using: &random)]
        })
    }
    return (0..<200).map { _ in
      (0..<50).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
        .joined(separator: " ")
    }
  }
}
