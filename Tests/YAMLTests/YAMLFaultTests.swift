import Foundation
import FulcrumKernel
import Testing
import YAML

/// Texts that are no YAML, or more of it than a configuration may have.
@Suite struct YAMLFaultTests {
  private func message(_ text: String) -> String {
    do {
      _ = try ConfigurationTree(text: text, file: "run.yaml")
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    (
      "# a\nsteps:2\n\nseed: 1\n",
      """
      run.yaml:2: expected 'key: value', got 'steps:2'
        hint: a space is missing after the colon: write 'steps: 2'
      """
    ),
    (
      "steps:2\n",
      """
      run.yaml:1: expected keys with values, got 'steps:2'
        hint: a space is missing after the colon: write 'steps: 2'
      """
    ),
    (
      "update:\n  learning-rate 1e-6\n  decay: linear\n",
      """
      run.yaml:2: expected 'key: value', got 'learning-rate 1e-6'
        hint: a colon is missing after the key: write 'learning-rate: 1e-6'
      """
    ),
    (
      "steps: 2\nadvantage:\n\t- use: grpo\n",
      """
      run.yaml:3: expected spaces before the text, got a tab
        hint: indent with spaces
      """
    ),
    (
      "rollout:\n  prompts: 2\n \t samples: 3\n",
      """
      run.yaml:3: expected spaces before the text, got a tab
        hint: indent with spaces
      """
    ),
    (
      " steps: 2\nreward: rule\n",
      """
      run.yaml:2: expected a key below the one before it, got one further left
        hint: let all keys of a section begin in one column
      """
    ),
    (
      "rollout:\n  prompts: 2\n    samples: 3\n",
      """
      run.yaml:3: expected a key below the one before it, got one further right
        hint: let all keys of a section begin in one column
      """
    ),
    (
      "rollout:\n    prompts: 2\n  samples: 3\n",
      """
      run.yaml:3: expected a key below the one before it, got another indentation
        hint: let all keys of a section begin in one column
      """
    ),
    (
      "steps: 2\nseed: 1\nsteps: 3\n",
      """
      run.yaml:3: the key 'steps' stands twice, first in line 1
        hint: remove one of the two
      """
    ),
    (
      "rollout: {prompts: 2, prompts: 3}\n",
      """
      run.yaml:1: the key 'prompts' stands twice in one section
        hint: remove one of the two
      """
    ),
    (
      "a:\n  - use: x\n    use: y\n",
      """
      run.yaml:3: the key 'use' stands twice, first in line 2
        hint: remove one of the two
      """
    ),
    (
      "a: &x {use: grpo}\nb: *x\n",
      """
      run.yaml:1: expected values written out, got the anchor '&x'
        hint: remove the anchor, and write the value in each place that has *x
      """
    ),
    (
      "a: *x\n",
      """
      run.yaml:1: expected a value, got one that begins with '*'
        hint: put a text that begins so in quotes
      """
    ),
    (
      "a:\n  <<: {b: 1}\n",
      """
      run.yaml:2: expected a key, got the merge key '<<'
        hint: write the keys out that it stands for
      """
    ),
    (
      "a: @x\n",
      """
      run.yaml:1: expected a value, got one that begins with '@'
        hint: put a text that begins so in quotes
      """
    ),
    (
      "steps: 2\n---\nsteps: 3\n",
      """
      run.yaml:2: expected one document, got a second one after '---'
        hint: put it into a file of its own
      """
    ),
    (
      "a: [1, 2\nb: 3\n",
      """
      run.yaml:1: expected ',' or ']' in the list that begins with '[', got neither
        hint: close it with ']', and write ',' between its parts
      """
    ),
    (
      "a: {b: 2\nc: 3\n",
      """
      run.yaml:1: expected ',' or '}' in the section that begins with '{', got neither
        hint: close it with '}', and write ',' between its parts
      """
    ),
    (
      "a: 1\nsteps 2\nb: 3\n",
      """
      run.yaml:2: expected 'key: value', got a line without ': '
        hint: write a ':' and a space after the key
      """
    ),
    (
      "a: 1\nb: \"x\nc: 3\n",
      """
      run.yaml:2: expected a quote at the end of the text that begins here, got none
        hint: close the quote
      """
    ),
    (
      "a: \"\\boxed\\q\"\n",
      """
      run.yaml:1: expected an escape such as \\n or \\" after the backslash, got another
        hint: write \\\\ for a backslash, or single quotes around the text
      """
    ),
    (
      "a: b: c\n",
      """
      run.yaml:1: expected one key and its value, got a second ':'
        hint: put a text with ':' in quotes, and each key on a line of its own
      """
    ),
    (
      "a: - b\n",
      """
      run.yaml:1: expected a value, got a list's '- ' in the same line
        hint: begin the list in a line of its own, or write [a, b]
      """
    ),
    (
      "a: 1\n\u{0}b: 2\n",
      """
      run.yaml:2: expected text, got the control character U+0000
        hint: name a YAML file; within one, write "\\u0000" in double quotes
      """
    ),
    (
      "- a\n- b\n",
      """
      run.yaml:1: expected keys with values, got a list
        hint: write each key on a line of its own, indented below it: 'key: value'
      """
    ),
    (
      "[a]: b\n",
      """
      run.yaml:1: expected a text as key, got a list or a section
        hint: write 'key: value'
      """
    ),
  ]) func `what can't be read is told in one sentence, with its line`(
    text: String, expected: String
  ) {
    #expect(message(text) == expected)
    // The ends of lines are Windows' as often as not.
    #expect(message(text.replacing("\n", with: "\r\n")) == expected)
  }

  @Test func `lines that end as on Windows read as others do`() throws {
    let text = "a: 1\nb:\n  - {use: x}\n  - y\n"
    let tree = try ConfigurationTree(text: text, file: "f")
    let windows = try ConfigurationTree(text: text.replacing("\n", with: "\r\n"), file: "f")
    #expect(tree.root == windows.root)
    #expect(windows.line(of: "b[1]") == 4)
  }

  @Test(arguments: [
    (
      [0x61, 0x3A, 0x20, 0x31, 0x0A, 0x62, 0xE0, 0x28] as [UInt8],
      ":2: expected UTF-8 text, got the byte 0xE0\n"
        + "  hint: name a YAML file; if this is one, save it as UTF-8"
    ),
    (
      [0xFF, 0xFE, 0x61, 0x00],
      ":1: expected UTF-8 text, got UTF-16\n  hint: save the file as UTF-8"
    ),
    (
      [],
      ": expected keys with values, got an empty file\n"
        + "  hint: Documentation/Recipes has configurations to begin with"
    ),
    (
      Array("# nothing\n".utf8),
      ": expected keys with values, got an empty file\n"
        + "  hint: Documentation/Recipes has configurations to begin with"
    ),
  ]) func `a file of other bytes, or of none, is named`(bytes: [UInt8], expected: String) throws {
    let path = NSTemporaryDirectory() + "fulcrum-\(UUID().uuidString).yaml"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: FulcrumError.self) { try ConfigurationTree(file: path) }
    #expect(error?.description == path + expected)
  }

  @Test func `a mark at the beginning of UTF-8 is no text`() throws {
    let tree = try ConfigurationTree(text: "\u{FEFF}a: 1\n", file: "f")
    #expect(tree.root == ["a": .value(.integer(1))])
  }
}
