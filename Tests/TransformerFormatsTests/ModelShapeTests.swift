import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct ModelShapeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let shape = ModelShape(
    vocabularySize: 512, width: 64, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
    headSize: 16, hiddenWidth: 176, contextLength: 512, ropeTheta: 10000, normEpsilon: 1e-5,
    isTied: false, endToken: 2, padToken: 0)

  /// A config of the shape above as transformers 4 writes it; `changes` replace or add keys.
  private func config(_ changes: [(String, String)] = []) -> String {
    var keys: [(String, String)] = [
      ("model_type", "\"llama\""), ("architectures", "[\"LlamaForCausalLM\"]"),
      ("hidden_act", "\"silu\""), ("attention_bias", "false"), ("vocab_size", "512"),
      ("hidden_size", "64"), ("num_hidden_layers", "2"), ("num_attention_heads", "4"),
      ("num_key_value_heads", "2"), ("head_dim", "16"), ("intermediate_size", "176"),
      ("max_position_embeddings", "512"), ("rope_theta", "10000"), ("rope_scaling", "null"),
      ("rms_norm_eps", "1e-05"), ("tie_word_embeddings", "false"), ("eos_token_id", "2"),
      ("pad_token_id", "0"), ("some_new_key", "7"),
    ]
    for (key, value) in changes {
      keys.removeAll { $0.0 == key }
      if value != "absent" { keys.append((key, value)) }
    }
    return "{" + keys.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  private func read(_ changes: [(String, String)] = []) throws -> ModelShape {
    try folder.write(config(changes), "config.json")
    return try ModelShape.read(fromFolder: folder.path)
  }

  @Test func `a config of transformers 4 is read`() throws {
    #expect(try read() == shape)
  }

  @Test func `a config of transformers 5 has the rotary base in rope_parameters`() throws {
    let rope = (
      "rope_parameters", #"{"rope_theta": 500000.0, "rope_type": "default"}"#
    )
    var expected = shape
    expected.ropeTheta = 500_000
    #expect(try read([rope, ("rope_theta", "absent")]) == expected)
    #expect(try read([rope, ("rope_theta", "500000")]) == expected)
    #expect(
      try fault { try read([rope]) }.line
        == "[checkpoint] config.json: rope_theta is 10000.0, but 500000.0 in rope_parameters")
  }

  @Test func `absent keys have the defaults of LlamaConfig`() throws {
    let absent = [
      "architectures", "hidden_act", "attention_bias", "num_key_value_heads", "head_dim",
      "max_position_embeddings", "rope_theta", "rope_scaling", "rms_norm_eps",
      "tie_word_embeddings", "pad_token_id",
    ]
    var expected = shape
    expected.keyValueHeadCount = 4
    expected.contextLength = 2048
    expected.normEpsilon = 1e-6
    expected.padToken = 2
    #expect(try read(absent.map { ($0, "absent") }) == expected)
    #expect(try read([("eos_token_id", "[2]")]) == shape)
  }

  @Test(arguments: [
    (
      "model_type", "\"mistral\"",
      "[unsupported] config.json: model_type is 'mistral', expected one of 'llama', 'qwen2',"
        + " 'qwen3'"
    ),
    ("model_type", "absent", "[checkpoint] config.json: there is no model_type"),
    (
      "architectures", "[\"LlamaForSequenceClassification\"]",
      "[unsupported] config.json: architectures is [\"LlamaForSequenceClassification\"],"
        + " expected [\"LlamaForCausalLM\"]"
    ),
    (
      "hidden_act", "\"gelu\"",
      "[unsupported] config.json: hidden_act is \"gelu\", expected \"silu\""
    ),
    (
      "attention_bias", "true",
      "[unsupported] config.json: attention_bias is true, expected false"
    ),
    ("mlp_bias", "true", "[unsupported] config.json: mlp_bias is true, expected false"),
    (
      "attention_dropout", "0.1",
      "[unsupported] config.json: attention_dropout is 0.1, expected 0.0"
    ),
    (
      "partial_rotary_factor", "0.5",
      "[unsupported] config.json: partial_rotary_factor is 0.5, expected 1.0"
    ),
    (
      "rope_parameters", #"{"rope_theta":10000,"factor":2}"#,
      "[unsupported] config.json: rope_parameters has factor 2"
    ),
    (
      "quantization_config", "{}",
      "[unsupported] config.json: quantization_config is {}, expected null"
    ),
    ("sliding_window", "4096", "[unsupported] config.json: sliding_window is 4096, expected null"),
    (
      "layer_types", #"["full_attention", "sliding_attention"]"#,
      "[unsupported] config.json: layer_types has \"sliding_attention\", expected"
        + " \"full_attention\" only"
    ),
    (
      "use_sliding_window", "true",
      "[unsupported] config.json: use_sliding_window is true, expected false"
    ),
    (
      "eos_token_id", "[1,\"2\"]",
      "[checkpoint] config.json: eos_token_id must be a token number, got \"2\""
    ),
    (
      "eos_token_id", "[1,512]",
      "[configuration] config.json: eos_token_id must be from 0 to 511, got 512"
    ),
    (
      "eos_token_id", "null",
      "[checkpoint] config.json: eos_token_id must be a token number, got nothing"
    ),
    (
      "pad_token_id", "99999999999",
      "[checkpoint] config.json: pad_token_id must be a token number, got 99999999999"
    ),
    (
      "hidden_size", "absent",
      "[checkpoint] config.json: hidden_size must be an integer, got nothing"
    ),
    (
      "hidden_size", "64.0", "[checkpoint] config.json: hidden_size must be an integer, got 64.0"
    ),
    (
      "rms_norm_eps", "\"x\"", "[checkpoint] config.json: rms_norm_eps must be a number, got \"x\""
    ),
    (
      "tie_word_embeddings", "1",
      "[checkpoint] config.json: tie_word_embeddings must be true or false, got 1"
    ),
    (
      "head_dim", "15", "[configuration] config.json: head_dim must be even, got 15"
    ),
    (
      "num_key_value_heads", "3",
      "[configuration] config.json: num_attention_heads must be a multiple of"
        + " num_key_value_heads, got 4 and 3"
    ),
    (
      "num_attention_heads", "0",
      "[configuration] config.json: num_attention_heads must be from 1 to 1048576, got 0"
    ),
    (
      "vocab_size", "9000000000000000000",
      "[configuration] config.json: vocab_size must be from 1 to 1048576, got 9000000000000000000"
    ),
    (
      "rope_theta", "0",
      "[configuration] config.json: rope_theta must be a positive number, got 0.0"
    ),
    (
      "rms_norm_eps", "-1e-5",
      "[configuration] config.json: rms_norm_eps must be a positive number, got -1e-05"
    ),
    (
      "eos_token_id", "512",
      "[configuration] config.json: eos_token_id must be from 0 to 511, got 512"
    ),
    (
      "eos_token_id", "-1",
      "[checkpoint] config.json: eos_token_id must be a token number, got -1"
    ),
  ])
  func `what is not computed is refused by name`(
    _ key: String, _ value: String, _ line: String
  ) throws {
    #expect(try fault { try read([(key, value)]) }.line == line)
  }

  @Test(arguments: ["-1", "512", "null"])
  func `a padding token that is none is the end token`(_ value: String) throws {
    var expected = shape
    expected.padToken = 2
    #expect(try read([("pad_token_id", value)]) == expected)
  }

  @Test func `keys that may be null are as if they were absent`() throws {
    let keys = [
      "architectures", "hidden_act", "attention_bias", "mlp_bias", "attention_dropout",
      "rope_scaling", "rope_parameters", "sliding_window", "use_sliding_window", "layer_types",
      "quantization_config", "pretraining_tp", "bos_token_id", "torch_dtype",
      "partial_rotary_factor", "tie_word_embeddings", "head_dim",
    ]
    #expect(try read(keys.map { ($0, "null") }) == shape)
    for key in ["finetuned", "_name_or_path", "task_specific_params"] {
      #expect(try read([(key, "true")]) == shape)
    }
  }

  @Test func `a folder without a config and a config that is no object are refused`() throws {
    #expect(
      try fault { try ModelShape.read(fromFolder: folder.path) }.line
        == "[not-found] config.json: can't open the file: No such file or directory")
    try folder.write("[]", "config.json")
    #expect(
      try fault { try ModelShape.read(fromFolder: folder.path) }.line
        == "[checkpoint] config.json: expected an object, got []")
  }

  @Test func `several end tokens are read from both files`() throws {
    try folder.write(#"{"eos_token_id": [7, 2, 9]}"#, "generation_config.json")
    var expected = shape
    expected.otherEndTokens = [3, 7, 9]
    #expect(try read([("eos_token_id", "[2, 3]")]) == expected)
    #expect(expected.endTokens == [2, 3, 7, 9])
    expected.endToken = 7
    expected.otherEndTokens = [2, 9]
    #expect(try read([("eos_token_id", "null")]) == expected)
    #expect(try read([("eos_token_id", "-1")]) == expected)
    try folder.write(#"{"eos_token_id": "x"}"#, "generation_config.json")
    #expect(
      try fault { try read() }.line
        == "[checkpoint] generation_config.json: eos_token_id must be a token number, got \"x\"")
  }

  @Test(arguments: TensorPrecision.allCases)
  func `what is written reads back`(_ precision: TensorPrecision) throws {
    var odd = shape
    odd.isTied = true
    odd.ropeTheta = 1_234_567.875
    odd.normEpsilon = 1e-6
    odd.otherEndTokens = [5, 6]
    for family in ModelFamily.allCases {
      for var shape in [shape, odd] {
        shape.family = family
        try shape.write(toFolder: folder.path, precision: precision)
        #expect(try ModelShape.read(fromFolder: folder.path) == shape)
      }
    }
    try shape.write(toFolder: folder.path, precision: precision)
    let config = try Fixtures.json(folder.path + "/config.json")
    #expect(config["architectures"] == .array([.string("LlamaForCausalLM")]))
    #expect(config["dtype"]?.text == precision.huggingFaceName)
    #expect(config["torch_dtype"]?.text == precision.huggingFaceName)
    #expect(
      try Fixtures.json(folder.path + "/generation_config.json")
        == .object([
          JSONMember("eos_token_id", .integer(2)), JSONMember("pad_token_id", .integer(0)),
        ])
    )
  }

  @Test func `files that were read are written as they were, but for the weights' type`() throws {
    try folder.write(
      config([("bos_token_id", "1"), ("torch_dtype", "\"bfloat16\"")]), "config.json")
    try folder.write(#"{"temperature": 0.6}"#, "generation_config.json")
    let config = try Fixtures.json(folder.path + "/config.json")
    let generation = try Fixtures.json(folder.path + "/generation_config.json")
    let files = try ConfigurationFiles(folder: folder.path)
    try files.write(toFolder: folder.path, precision: nil)
    #expect(try Fixtures.json(folder.path + "/config.json") == config)
    #expect(try Fixtures.json(folder.path + "/generation_config.json") == generation)
    try files.write(toFolder: folder.path, precision: .f32)
    let expected = try #require(config.members).map {
      $0.key == "torch_dtype" ? JSONMember($0.key, .string("float32")) : $0
    }
    #expect(try Fixtures.json(folder.path + "/config.json") == .object(expected))
  }

  @Test func `an impossible shape is not written`() throws {
    var wrong = shape
    wrong.layerCount = 0
    #expect(
      try fault { try wrong.write(toFolder: folder.path, precision: .f32) }.line
        == "[configuration] config.json: num_hidden_layers must be from 1 to 1048576, got 0")
  }
}
