import FulcrumKernel
import Testing
import TransformerFormats

struct RopeScalingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A Llama with heads of 16 and `more` members in its config.
  private func read(_ more: String, context: Int = 2048) throws -> ModelShape {
    try folder.write(
      """
      {"model_type": "llama", "vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 2,
       "num_attention_heads": 4, "intermediate_size": 176, "eos_token_id": 2,
       "max_position_embeddings": \(context), \(more)}
      """, "config.json")
    return try ModelShape.read(fromFolder: folder.path)
  }

  private func message(_ more: String) throws -> String { try fault { try read(more) }.line }

  /// `ROPE_INIT_FUNCTIONS` of transformers 5.23.0 on the same config, float32.
  @Test(
    arguments: [
      (
        #""rope_theta": 10000, "rope_scaling": {"type": "linear", "factor": 4.0}"#, 2048, 1,
        [
          0.25, 0.07905694097280502, 0.02500000037252903, 0.007905694656074047,
          0.0024999999441206455, 0.0007905694656074047, 0.0002500000118743628,
          7.905694656074047e-05,
        ]
      ),
      (
        #""rope_theta": 500000.0, "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0,"#
          + #""high_freq_factor": 4.0, "original_max_position_embeddings": 8192,"#
          + #""rope_type": "llama3"}"#, 131_072, 1,
        [
          1, 0.193922758102417, 0.03760603070259094, 0.00729266507551074, 0.0005248460220173001,
          3.428102354519069e-05, 6.647869668086059e-06, 1.289173155782919e-06,
        ]
      ),
      (
        #""rope_parameters": {"rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,"#
          + #""high_freq_factor": 4.0, "original_max_position_embeddings": 8192,"#
          + #""rope_type": "llama3"}"#, 131_072, 1,
        [
          1, 0.193922758102417, 0.03760603070259094, 0.00729266507551074, 0.000429556705057621,
          8.570255886297673e-06, 1.6619674170215148e-06, 3.2229328894572973e-07,
        ]
      ),
      (
        #""rope_theta": 1000000.0, "rope_scaling": {"factor": 4.0, "type": "yarn","#
          + #""original_max_position_embeddings": 32768}"#, 131_072, 1.138629436111989,
        [
          1, 0.17782793939113617, 0.03162277862429619, 0.004217559937387705,
          0.0005000000237487257, 4.4456985051510856e-05, 7.905693564680405e-06,
          1.405853367941745e-06,
        ]
      ),
      (
        #""rope_parameters": {"rope_theta": 10000, "rope_type": "yarn", "factor": 4.0,"#
          + #""original_max_position_embeddings": 4096, "truncate": false, "beta_fast": 16,"#
          + #""beta_slow": 2}"#, 16_384, 1.138629436111989,
        [
          1, 0.3162277638912201, 0.10000000149011612, 0.03162277862429619, 0.006761618889868259,
          0.0008251044782809913, 0.0002500000118743628, 7.905694656074047e-05,
        ]
      ),
      (
        #""rope_parameters": {"rope_theta": 10000, "rope_type": "yarn", "factor": 40.0,"#
          + #""original_max_position_embeddings": 4096, "mscale": 1.0, "mscale_all_dim": 0.5}"#,
        163_840, 1.1557219901962608,
        [
          1, 0.3162277638912201, 0.10000000149011612, 0.023914724588394165,
          0.005124999675899744, 0.0008498621755279601, 2.499999936844688e-05,
          7.905694474175107e-06,
        ]
      ),
      (
        #""rope_parameters": {"rope_theta": 10000, "rope_type": "yarn", "factor": 40.0,"#
          + #""original_max_position_embeddings": 4096, "attention_factor": 1.25}"#, 163_840, 1.25,
        [
          1, 0.3162277638912201, 0.10000000149011612, 0.023914724588394165,
          0.005124999675899744, 0.0008498621755279601, 2.499999936844688e-05,
          7.905694474175107e-06,
        ]
      ),
      // Without an original context length it is the model's own.
      (
        #""rope_parameters": {"rope_theta": 10000, "rope_type": "yarn", "factor": 2.0}"#, 64,
        1.0693147180559945,
        [
          1, 0.263523131608963, 0.06666666269302368, 0.015811389312148094, 0.004999999888241291,
          0.0015811389312148094, 0.0005000000237487257, 0.00015811389312148094,
        ]
      ),
    ] as [(String, Int, Double, [Double])])
  func `frequencies and attention factor are those of transformers`(
    _ more: String, _ context: Int, _ attentionFactor: Double, _ expected: [Double]
  ) throws {
    let shape = try read(more, context: context)
    // Both are in double precision.
    #expect(abs(shape.ropeScaling.attentionFactor - attentionFactor) < 1e-14)
    let got = shape.ropeScaling.frequencies(headSize: shape.headSize, theta: shape.ropeTheta)
    #expect(got.count == expected.count)
    // The expected ones went through some ten roundings of float32, of 6e-8 each.
    for (got, want) in zip(got, expected) { #expect(abs(got - want) < 6e-7 * want) }
  }

  /// In transformers 5.24.0 (`_compute_yarn_parameters`) a factor of null is that quotient.
  @Test func `keys that change nothing are read, and a null factor is the contexts' quotient`()
    throws
  {
    let yarn = #""type": "yarn", "original_max_position_embeddings": 4096"#
    let plain = try read(#""rope_scaling": {"factor": 16.0, \#(yarn)}"#, context: 65_536)
    for more in [#""finetuned": true, "factor": 16"#, #""factor": null"#] {
      #expect(
        try read(#""rope_scaling": {\#(more), \#(yarn)}"#, context: 65_536) == plain, "\(more)")
    }
    #expect(
      try read(#""rope_scaling": {"factor": null, "type": null, "finetuned": false}"#).ropeScaling
        == .none)
    #expect(
      try read(
        #""rope_scaling": {"factor": 2.0, "rope_type": "linear", "finetuned": true,"#
          + #""original_max_position_embeddings": 1024}"#
      ).ropeScaling == .linear(factor: 2))
    #expect(
      try message(#""rope_scaling": {"type": "linear", "factor": null}"#)
        == "[checkpoint] config.json: rope_scaling.factor must be a positive number, got nothing")
  }

  @Test func `the linear type divides the plain frequencies`() {
    // theta^(-2i / 4) is 1 and 1/100; a factor of 8 is exact.
    #expect(RopeScaling.none.frequencies(headSize: 4, theta: 10_000) == [1, 0.01])
    #expect(
      RopeScaling.linear(factor: 8).frequencies(headSize: 4, theta: 10_000) == [0.125, 0.00125])
    #expect(RopeScaling.linear(factor: 8).attentionFactor == 1)
  }

  @Test func `both spellings may say the same, and nothing else`() throws {
    let linear = #"{"rope_type": "linear", "factor": 2, "rope_theta": 10000}"#
    let both = try read(#""rope_scaling": \#(linear), "rope_parameters": \#(linear)"#)
    #expect(both.ropeScaling == .linear(factor: 2))
    #expect(
      try message(#""rope_scaling": \#(linear), "rope_parameters": {"rope_theta": 10000}"#)
        == "[checkpoint] config.json: rope_scaling and rope_parameters contradict each other")
    #expect(try read(#""rope_scaling": {}"#).ropeScaling == .none)
    #expect(
      try read(#""rope_scaling": {"type": "default", "partial_rotary_factor": 1.0}"#).ropeScaling
        == .none)
  }

  @Test(arguments: [
    RopeScaling.none, .linear(factor: 2.5),
    .llama3(
      .init(
        factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)),
    .yarn(
      .init(
        factor: 4, originalContextLength: 4096, attentionFactor: 1.125, fastTurns: 20,
        slowTurns: 2, isTruncated: false)),
  ])
  func `what is written reads back`(_ scaling: RopeScaling) throws {
    var shape = try read("\"rope_theta\": 500000.0")
    shape.ropeScaling = scaling
    try shape.write(toFolder: folder.path, precision: .f32)
    #expect(try ModelShape.read(fromFolder: folder.path) == shape)
  }

  @Test(arguments: [
    (
      #"{"rope_type": "longrope", "factor": 2}"#,
      "[unsupported] config.json: rope_scaling has rope_type \"longrope\""
    ),
    (
      #"{"type": "dynamic", "factor": 2}"#,
      "[unsupported] config.json: rope_scaling has rope_type \"dynamic\""
    ),
    (
      #"{"type": "linear", "rope_type": "yarn", "factor": 2}"#,
      "[checkpoint] config.json: rope_scaling has rope_type \"yarn\", but type \"linear\""
    ),
    (
      #"{"type": 1}"#, "[checkpoint] config.json: rope_scaling.rope_type must be a text, got 1"
    ),
    (
      #"{"rope_type": "linear", "factor": 2, "beta_fast": 3}"#,
      "[unsupported] config.json: rope_scaling has beta_fast 3"
    ),
    (
      #"{"rope_type": "default", "mrope_section": [2, 3, 3]}"#,
      "[unsupported] config.json: rope_scaling has mrope_section [2,3,3]"
    ),
    (
      #"{"rope_type": "linear"}"#,
      "[checkpoint] config.json: rope_scaling.factor must be a positive number, got nothing"
    ),
    (
      #"{"rope_type": "yarn", "factor": -1}"#,
      "[checkpoint] config.json: rope_scaling.factor must be a positive number, got -1"
    ),
    (
      #"{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}"#,
      "[checkpoint] config.json: rope_scaling.high_freq_factor must be above low_freq_factor,"
        + " got 4.0 and 4.0"
    ),
    (
      #"{"rope_type": "yarn", "factor": 4, "beta_fast": 1, "beta_slow": 2}"#,
      "[checkpoint] config.json: rope_scaling.beta_fast must be at least beta_slow, got 1.0 and"
        + " 2.0"
    ),
    (
      #"{"rope_type": "yarn", "factor": 4, "attention_factor": 0}"#,
      "[checkpoint] config.json: rope_scaling.attention_factor must be a positive number, got 0"
    ),
    (
      #"{"rope_type": "yarn", "factor": 4, "truncate": "no"}"#,
      "[checkpoint] config.json: rope_scaling.truncate must be true or false, got \"no\""
    ),
    (
      #"{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 0}"#,
      "[checkpoint] config.json: rope_scaling.original_max_position_embeddings must be a positive"
        + " integer, got 0"
    ),
    (
      #"{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64},"#
        + #""original_max_position_embeddings": 128"#,
      "[checkpoint] config.json: original_max_position_embeddings is 128, but 64 in rope_scaling"
    ),
    ("[2]", "[checkpoint] config.json: rope_scaling must be an object, got [2]"),
  ])
  func `what is wrong or not computed is refused by key and type`(
    _ scaling: String, _ line: String
  ) throws {
    #expect(try message("\"rope_scaling\": \(scaling)") == line)
  }

  @Test func `a type that is not computed comes with those that are`() throws {
    #expect(
      try fault { try read(#""rope_scaling": {"rope_type": "dynamic", "factor": 2}"#) }.hint
        == "this policy computes the types default, linear, llama3 and yarn")
  }
}
