import Foundation
import FulcrumKernel
import Testing

@Suite struct GenerateCommandTests {
  private let fulcrum = CommandLine()
  private let model = CommandLine.fixture("tiny-llama")

  private struct Sample: Decodable, Equatable {
    let prompt: String
    let completion: String
    let tokens: [Int]
    let logprobs: [Double]
    let finished: Bool
  }

  private func samples(_ result: CommandLine.Result) throws -> [Sample] {
    try #require(result.status == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Sample.self, from: Data($0.utf8))
    }
  }

  @Test func `one seed gives one text, whatever the number of threads`() throws {
    func text(_ seed: String, threads: String) throws -> String {
      let result = try fulcrum.run(
        "generate", model, "--prompt", "knights", "--max-new-tokens", "20", "--samples", "2",
        "--seed",
        seed, "--threads", threads, "--top-k", "50", "--top-p", "0.9")
      #expect(result.status == 0, "\(result.errors)")
      return result.output
    }
    let one = try text("3", threads: "1")
    #expect(try text("3", threads: "2") == one)
    #expect(try text("4", threads: "1") != one)
    #expect(one.hasPrefix("--- sample 1 of 2\n") && one.contains("--- sample 2 of 2\n"))
  }

  @Test func `the checkpoint's own template is the markup that it was trained with`() throws {
    func prompt(_ chat: String) throws -> String? {
      let start = CommandLine.fixture("../../Documentation/Recipes/start")
      return try samples(
        fulcrum.run(
          "generate", start, "--prompt", "Who?", "--system", "Be brief.", "--chat", chat,
          "--max-new-tokens", "1", "--json")
      ).first?.prompt
    }
    #expect(try prompt("template") == (try prompt("chatml")))
    let none = try fulcrum.run(
      "generate", model, "--prompt", "Who?", "--chat", "template", "--max-new-tokens", "1")
    #expect(none.status == 2)
    #expect(
      none.errors == """
        error: --chat template: expected a chat template for prompts that are messages, got none in \
        \(model)
          hint: name a markup (chatml, llama-3 or plain), or a file with a Jinja template

        """)
  }

  @Test func `a stop string ends a completion, and a minimum length holds it off`() throws {
    func sample(_ more: String...) throws -> Sample {
      let arguments = [
        "generate", model, "--prompt", "knights", "--max-new-tokens", "40", "--seed", "3", "--json",
      ]
      return try #require(samples(fulcrum.run(arguments + more)).first)
    }
    let plain = try sample("--min-new-tokens", "1")
    // Two characters that the completion has in its middle, and not before.
    let text = plain.completion
    let pairs = text.indices.dropFirst(8).dropLast(8).map {
      String(text[$0...text.index(after: $0)])
    }
    let stop = try #require(
      pairs.first { pair in
        !pair.contains("\u{FFFD}") && pair.utf8.count == 2
          && text.ranges(of: pair).count == 1
      })
    let stopped = try sample("--min-new-tokens", "1", "--stop", "not in it", "--stop", stop)
    #expect(stopped.finished && stopped.completion.contains(stop))
    #expect(stopped.tokens.count < plain.tokens.count)
    #expect(stopped.tokens == Array(plain.tokens.prefix(stopped.tokens.count)))
    let held = try sample("--min-new-tokens", "40", "--stop", stop)
    #expect(held.tokens.count == 40 && !held.finished)
    let narrow = try sample("--min-p", "1")
    let greedy = try sample("--temperature", "0")
    #expect(narrow.tokens == greedy.tokens)
    let wrong = try fulcrum.run("generate", model, "--prompt", "a", "--stop", "")
    #expect(wrong.status == 2)
    #expect(
      wrong.errors == """
        error: transformer: expected a stop string with a character, got an empty one
          hint: every text has the empty one: leave it out

        """)
  }

  @Test func `greedy is deterministic, and recorded log-probabilities are those of score`() throws {
    let samples = try samples(
      fulcrum.run(
        "generate", model, "--prompt", "knights", "--max-new-tokens", "12", "--temperature", "0",
        "--samples", "2", "--json"))
    #expect(samples.count == 2 && samples[0] == samples[1])
    let sample = samples[0]
    #expect(sample.prompt == "knights")
    #expect(sample.tokens.count == 12 || sample.finished)
    let plain = try fulcrum.run(
      "generate", model, "--prompt", "knights", "--max-new-tokens", "12", "--temperature", "0")
    #expect(plain.output == sample.completion + "\n")
    // The same tokens by way of `model tokenize` and `model score`.
    let folder = try CommandLine.Folder()
    let (input, output) = (folder.path + "/in", folder.path + "/out")
    try #"{"text": "knights"}"#.write(toFile: input, atomically: true, encoding: .utf8)
    try fulcrum.run("model", "tokenize", model, "--input", input, "--output", output)
    let line = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: output)))
    let prompt = try #require((line as? [String: Any])?["ids"] as? [Int])
    try "{\"sequences\": [\(prompt + sample.tokens)]}"
      .write(toFile: input, atomically: true, encoding: .utf8)
    try fulcrum.run("model", "score", model, "--input", input, "--output", output)
    // Not JSONSerialization, which reads numbers inexactly.
    let scores = try JSONDecoder().decode(
      [String: [[Double]]].self, from: Data(contentsOf: URL(fileURLWithPath: output)))
    let logprobs = try #require(scores["logprobs"])
    #expect(Array(logprobs[0].suffix(sample.tokens.count)) == sample.logprobs)
  }

  @Test func `a prompt comes from the line, a file or standard input`() throws {
    let folder = try CommandLine.Folder()
    let file = folder.path + "/prompt"
    try "knaves\n".write(toFile: file, atomically: true, encoding: .utf8)
    let tail = ["--max-new-tokens", "3", "--json"]
    let results = [
      try fulcrum.run("generate", model, "--prompt", "knaves\n", tail[0], tail[1], tail[2]),
      try fulcrum.run("generate", model, "--prompt-file", file, tail[0], tail[1], tail[2]),
      try fulcrum.run(
        "generate", model, tail[0], tail[1], tail[2], input: Data("knaves\n".utf8)),
    ]
    #expect(try samples(results[0])[0].prompt == "knaves\n")
    #expect(results.allSatisfy { $0.output == results[0].output })
  }

  @Test(arguments: [
    (
      "chatml", ["--system", "Be brief."],
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        + "<|im_start|>assistant\n"
    ),
    (
      "llama-3", [],
      "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    ("none", [], "Hi"),
  ])
  func `chat markup stands around the prompt`(
    _ chat: String, _ system: [String], _ prompt: String
  ) throws {
    let process = fulcrum.process(
      ["generate", model, "--prompt", "Hi", "--chat", chat, "--max-new-tokens", "1", "--json"]
        + system)
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(try JSONDecoder().decode(Sample.self, from: data).prompt == prompt)
  }

  @Test func `wrong requests have status 2 and one sentence`() throws {
    func errors(_ result: CommandLine.Result) -> String {
      #expect(result.status == 2)
      #expect(result.output == "")
      return result.errors
    }
    #expect(
      errors(try fulcrum.run("generate", model, "--prompt", "a", "--prompt-file", "b"))
        == "error: expected one of --prompt, --prompt-file and --messages, got several\n")
    #expect(
      errors(try fulcrum.run("generate", model, "--prompt", "a", "--system", "b"))
        == """
        error: --system: expected --chat beside --system, got none
          hint: without markup a system message can't be told from the prompt

        """)
    #expect(
      errors(try fulcrum.run("generate", model, input: Data([0x61, 0xFF])))
        == "error: standard input: expected UTF-8 text, got other bytes\n")
    #expect(
      errors(try fulcrum.run("generate", model))
        == "error: prompt 0: a prompt must have a token, got an empty one\n")
    #expect(
      errors(try fulcrum.run("generate", model, "--prompt", "a", "--top-p", "0"))
        == """
        error: transformer: expected a top-p above 0 and at most 1, got 0.0
          hint: 1 draws from all tokens

        """)
    let chat = errors(try fulcrum.run("generate", model, "--prompt", "a", "--chat", "jinja"))
    #expect(chat.contains("'jinja' is invalid for '--chat"))
    let long = String(repeating: "knights ", count: 2000)
    let tooLong = errors(try fulcrum.run("generate", model, "--prompt", long))
    #expect(tooLong.contains(" leaves no room in a context of "))
  }
}
