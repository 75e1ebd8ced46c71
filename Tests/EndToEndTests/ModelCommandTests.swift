import Foundation
import FulcrumKernel
import Testing
import TransformerFormats

@Suite struct ModelCommandTests {
  private let fulcrum = CommandLine()
  private let folder: CommandLine.Folder
  private var input: String { folder.path + "/in.json" }
  private var output: String { folder.path + "/out.json" }

  init() throws { folder = try CommandLine.Folder() }

  private func write(_ text: String) throws {
    try text.write(toFile: input, atomically: true, encoding: .utf8)
  }

  private func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
  }

  @Test func `info prints a line for each fact, or one object`() throws {
    let model = CommandLine.fixture("tiny-qwen2")
    let text = try fulcrum.run("model", "info", model)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output.contains("family           qwen2\n"))
    #expect(text.output.contains("layers           2\n"))
    let json = try fulcrum.run("model", "info", model, "--json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["vocabulary"] as? Int == 512)
    #expect(object["tied"] as? Bool == true)
    #expect(object["end-texts"] is [String])
  }

  @Test func `info refuses what is no model`() throws {
    let none = try fulcrum.run("model", "info", "")
    #expect(none.status == 2)
    #expect(none.errors == "error: expected a checkpoint folder, got an empty name\n")
    let missing = try fulcrum.run("model", "info", folder.path)
    #expect(missing.status == 2)
    #expect(missing.errors.contains("\(folder.path)/config.json: can't open the file"))
    let parameter = try fulcrum.run("model", "info", folder.path, "--set", "layer=3")
    #expect(parameter.status == 2)
    #expect(parameter.errors.contains("policy.layer: unknown parameter 'layer'"))
  }

  /// The fixture's tokenizer was made by another library, which gave the cases.
  @Test func `tokenize agrees with the fixture's cases and back`() throws {
    let model = CommandLine.fixture("tokenizer/tiny-qwen2")
    let texts = ["knights and knaves\n", "1234 Zoë <|im_end|>", "", "\u{1F600}\r\n\tend"]
    let rows = try texts.map { text in
      String(decoding: try JSONEncoder().encode(["text": text]), as: UTF8.self)
    }
    try write(rows.joined(separator: "\r\n") + "\n\n")
    let result = try fulcrum.run("model", "tokenize", model, "--input", input, "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("4 texts of 49 bytes: "))
    let tokenizer = try Tokenizer(folder: model)
    let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
    try #require(lines.count == texts.count)
    for (line, text) in zip(lines, texts) {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["decoded"] as? String == text)
      #expect(object["ids"] as? [Int] == tokenizer.encode(text).map(Int.init))
    }
  }

  private static let row = #"each line holds {"text": "…"}"#

  @Test(arguments: [
    (#"{"text": "a", "id": 3}"#, "unknown key 'id'", "known: text"),
    (#"{}"#, #"expected a value under "text", got nothing"#, row),
    (#"["a"]"#, "expected a JSON object, got another kind of value", row),
    (#"{"text""#, ":8: not valid JSON: expected ':', got the end of the text", row),
    (#"{"text": "a", "text": "b"}"#, ":15: not valid JSON: the key 'text' is repeated", row),
    (#"{"text": 3}"#, "text: expected a text, got another kind of value", row),
  ])
  func `tokenize names the line of a wrong row`(
    _ row: String, _ message: String, _ hint: String
  ) throws {
    try write(#"{"text": "a"}"# + "\n" + row + "\n")
    let model = CommandLine.fixture("tokenizer/tiny-qwen2")
    let result = try fulcrum.run("model", "tokenize", model, "--input", input, "--output", output)
    #expect(result.status == 2)
    #expect(
      result.errors
        == "error: \(input):2\(message.hasPrefix(":") ? "" : ": ")\(message)\n  hint: \(hint)\n")
    #expect(try names() == ["in.json"])
  }

  private struct Reference: Decodable {
    let inputIds: [[Int32]]
    let weights: [[Float]]
    let tokenLogprobs: [[Double]]
  }

  private struct Scores: Decodable {
    let logprobs: [[Double]]
    let entropy: [[Double]]
    let lever: [[Double]]
  }

  @Test(arguments: ["tiny-llama", "tiny-qwen2", "tiny-qwen3"])
  func `score agrees with the reference, and its gradients too`(_ name: String) throws {
    let model = CommandLine.fixture(name)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let reference = try decoder.decode(
      Reference.self, from: Data(contentsOf: URL(fileURLWithPath: model + "/reference.json")))
    // The reference has a weight for each token; nothing predicts the first.
    let weights = reference.weights.map { $0.dropFirst().map(Double.init) }
    let request: [String: Any] = ["sequences": reference.inputIds, "weights": weights]
    try JSONSerialization.data(withJSONObject: request).write(to: URL(fileURLWithPath: input))
    let gradients = folder.path + "/gradients.safetensors"
    let result = try fulcrum.run(
      "model", "score", model, "--input", input, "--output", output, "--gradients", gradients)
    #expect(result.status == 0, "\(result.errors)")
    let text = try Data(contentsOf: URL(fileURLWithPath: output))
    let scores = try JSONDecoder().decode(Scores.self, from: text)
    #expect(scores.logprobs.map(\.count) == reference.inputIds.map { $0.count - 1 })
    #expect(scores.entropy.map(\.count) == scores.logprobs.map(\.count))
    #expect(scores.lever.map(\.count) == scores.logprobs.map(\.count))
    for (got, want) in zip(scores.logprobs.joined(), reference.tokenLogprobs.joined()) {
      // Two float32 computations in different orders.
      #expect(abs(got - want) < 1e-5)
      // As printed it is a float32, to the bit.
      #expect(Double(Float(got)) == got)
    }
    let expected = try TensorFile(path: model + "/reference_grads_f64.safetensors")
    let file = try TensorFile(path: gradients)
    #expect(file.names == expected.names)
    for name in expected.names {
      let (want, got) = (try values(expected, name), try values(file, name))
      let largest = want.reduce(0) { max($0, abs($1)) }
      let fault = zip(want, got).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(fault < 1e-4 * largest, "\(name): \(fault / largest)")
    }
    // Without gradients the scores are the same text.
    try fulcrum.run("model", "score", model, "--input", input, "--output", output)
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == text)
  }

  private func values(_ file: TensorFile, _ name: String) throws -> [Float] {
    let shape = file.tensors[name]?.shape ?? []
    var values = [Float](repeating: 0, count: shape.reduce(1, *))
    var span = values.mutableSpan
    try file.read(name, shape: shape, into: &span)
    return values
  }

  private static let form =
    #"{"sequences": [[ids…], …], "weights": [[w…], …], "temperature": 1.0}"#

  @Test(arguments: [
    (
      #"{"sequences": [[1, 2]], "sequence": 1}"#, ": unknown key 'sequence'",
      "did you mean 'sequences'?"
    ),
    (#"{}"#, #": expected a value under "sequences", got nothing"#, form),
    (
      #"{"sequences": [[1], [2, "a"]]}"#,
      ": sequences[1][1]: expected a number, got another kind of value", form
    ),
    (
      #"{"sequences": [[1, 2.5]]}"#,
      ": sequences[0][1]: expected a whole number of 32 bits, got 2.5", form
    ),
    (
      #"{"sequences": [[1, 2]], "temperature": "hot"}"#,
      ": temperature: expected a number, got another kind of value", form
    ),
    (#"{"sequences": 3}"#, ": sequences: expected a list, got another kind of value", form),
    (#"{"sequences": [[1], []]}"#, ": sequences[1]: expected at least one token, got none", nil),
    (
      #"{"sequences": [[1, 2]]}"#, ": expected weights for --gradients, got none",
      #"give "weights": for each sequence one weight less than tokens"#
    ),
    (
      #"{"sequences": [[1, 2]], "weights": []}"#,
      ": weights: expected weights for 1 sequences, got 0", nil
    ),
    (
      #"{"sequences": [[1, 2]], "weights": [[1, 2]]}"#,
      ": weights[0]: expected 1 weights for 2 tokens, got 2", nil
    ),
    (
      #"{"sequences": [[1, 512]], "weights": [[1]]}"#,
      ": sequence 0: expected a token from 0 to 511, got 512",
      "encode texts with this policy's own tokenizer"
    ),
  ])
  func `score refuses a wrong request and writes nothing`(
    _ request: String, _ message: String, _ hint: String?
  ) throws {
    try write(request)
    let result = try fulcrum.run(
      "model", "score", CommandLine.fixture("tiny-llama"), "--input", input, "--output", output,
      "--gradients", folder.path + "/gradients")
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix("error: \(input)\(message)\n"), "\(result.errors)")
    if let hint { #expect(result.errors.contains("  hint: \(hint)")) }
    #expect(try names() == ["in.json"])
  }

  @Test func `score refuses a missing file, and a number of threads below 0`() throws {
    let model = CommandLine.fixture("tiny-llama")
    let missing = try fulcrum.run("model", "score", model, "--input", input, "--output", output)
    #expect(missing.status == 2)
    #expect(missing.errors == "error: \(input): no readable file here\n")
    try write(#"{"sequences": []}"#)
    let threads = try fulcrum.run(
      "model", "score", model, "--input", input, "--output", output, "--threads=-1")
    #expect(threads.status == 2)
    #expect(threads.errors == "error: --threads: expected at least 0, got -1\n")
  }

  @Test func `import makes a folder, and only where there is none`() throws {
    let file = CommandLine.fixture("gguf/all-types.gguf")
    let made = folder.path + "/made"
    let first = try fulcrum.run("model", "import", file, made, "--use", "transformer")
    #expect(first.status == 0, "\(first.errors)")
    let files = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]
    for file in files { #expect(first.output.contains("  \(file): "), "\(first.output)") }
    #expect(first.output.hasPrefix("made \(made)\n"))
    let again = try fulcrum.run("model", "import", file, made + "/")
    #expect(again.status == 2)
    #expect(
      again.errors == """
        error: \(made)/: expected a new or an empty folder, got one that holds something
          hint: name another folder, or remove this one first

        """)
    #expect(try names() == ["made"])
  }

  @Test func `an import that fails leaves nothing`() throws {
    let whole = try Data(
      contentsOf: URL(fileURLWithPath: CommandLine.fixture("gguf/all-types.gguf")))
    try whole.prefix(whole.count - 100).write(to: URL(fileURLWithPath: input))
    let result = try fulcrum.run("model", "import", input, folder.path + "/made")
    #expect(result.status == 1)
    #expect(result.errors.contains(input))
    #expect(try names() == ["in.json"])
  }
}
