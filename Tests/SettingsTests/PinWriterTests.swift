import FulcrumKernel
import Settings
import Testing

@Suite struct PinWriterTests {
  private let digests = ["task": "aa", "reward": "bb", "schedule": "cc", "advantage": "dd"]

  private func write(_ text: String) throws -> PinWriter {
    try PinWriter(text, file: "run.yaml") { (key, use) throws(FulcrumError) in
      guard use != "unknown" else { throw FulcrumError(.notFound, "no plugin 'unknown'") }
      return (digests[key.rawValue] ?? "ee") + use
    }
  }

  @Test func `every way to name a component is pinned, and all else stays`() throws {
    let text = """
      # A comment with task: in it.
      steps: 3
      task: {use: puzzles, people: [2]}   # flow
      reward: math          # a name
      advantage:
        - use: grpo         # block, in a list
          scale: batch
        - {use: "quoted", alpha: 0.3}
        - plain
      schedule:
          use: lopti
          sha256: "old"
          eta: 0.5
      objective: [grpo, {use: kl}]
      """
    let expected = """
      # A comment with task: in it.
      steps: 3
      task: {use: puzzles, sha256: "aapuzzles", people: [2]}   # flow
      reward: {use: math, sha256: "bbmath"}          # a name
      advantage:
        - use: grpo         # block, in a list
          sha256: "ddgrpo"
          scale: batch
        - {use: "quoted", sha256: "ddquoted", alpha: 0.3}
        - {use: plain, sha256: "ddplain"}
      schedule:
          use: lopti
          sha256: "cclopti"
          eta: 0.5
      objective: [{use: grpo, sha256: "eegrpo"}, {use: kl, sha256: "eekl"}]
      """
    let writer = try write(text)
    #expect(writer.text == expected)
    #expect(writer.pins.map(\.path).contains("advantage[2]"))
    #expect(writer.pins.compactMap(\.old) == ["old"])
    let windows = try write(text.replacing("\n", with: "\r\n"))
    #expect(windows.text == expected.replacing("\n", with: "\r\n"))
    // Once more: nothing changes.
    let again = try write(writer.text)
    #expect(again.text == expected)
    #expect(again.pins.allSatisfy { $0.old == $0.new })
  }

  @Test func `what can't be pinned is named with its line`() throws {
    #expect(throws: FulcrumError.self) { try write("steps: 1\nreward: unknown\n") }
    do {
      _ = try write("steps: 1\nreward: unknown\n")
    } catch let error as FulcrumError {
      #expect(error.description == "run.yaml:2: reward: no plugin 'unknown'")
    }
    do {
      _ = try write("reward: {weight: 2}\n")
      Issue.record("a component without a name was pinned")
    } catch let error as FulcrumError {
      #expect(
        error.description.hasPrefix(
          "run.yaml:1: reward: expected a component's name or {use: NAME, …}"))
    }
  }
}
