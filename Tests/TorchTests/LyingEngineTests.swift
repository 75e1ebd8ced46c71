import FulcrumKernel
import Testing
import TorchPlugin
import Wire

/// An engine whose replies are frames, but not what was asked for.
@Suite("an engine that lies") struct LyingEngineTests {
  /// A lie at a call, with what is expected instead.
  struct Lie: Sendable, CustomTestStringConvertible {
    let call: EngineCall
    let lie: String
    let expected: String
    var testDescription: String { "\(call.rawValue): \(lie)" }

    init(_ call: EngineCall, _ lie: String, _ expected: String) {
      (self.call, self.lie, self.expected) = (call, lie, expected)
    }
  }

  static let replies: [Lie] = [
    Lie(
      .start, #""header":{"contextLength":1}"#,
      "expected a whole number in 2...1099511627776 as 'contextLength', got 1"),
    Lie(
      .start, #""header":{"endToken":"</s>"}"#,
      #"expected a whole number in 0...2147483647 as 'endToken', got "</s>""#),
    Lie(
      .start, #""header":{"parameterCount":null}"#,
      "expected a whole number in 0...1125899906842624 as 'parameterCount', got null"),
    Lie(.encode, #""do":"drop","array":"tokens""#, "expected an array 'tokens', got none"),
    Lie(
      .encode, #""do":"retype","array":"tokens""#, "expected numbers of type i32, got f64"),
    Lie(.decode, #""do":"drop","array":"text""#, "expected an array 'text', got none"),
    Lie(
      .decode, #""do":"put","array":"text","value":255"#,
      "expected a text in UTF-8, got other bytes"),
    Lie(.render, #""do":"drop","array":"text""#, "expected an array 'text', got none"),
    Lie(
      .apply, #""header":{"norm":"much"}"#,
      "expected a norm and whether the gradient was clipped"),
    Lie(
      .apply, #""header":{"clipped":1}"#, "expected a norm and whether the gradient was clipped"),
    Lie(.freeze, #""header":{"model":-1}"#, "expected a number, got -1"),
    Lie(.snapshot, #""header":{"snapshot":"a"}"#, #"expected a number, got "a""#),
    Lie(
      .activationGradients, #""do":"cut","array":"norms""#,
      "expected a norm for each token and layer"),
    Lie(
      .activationGradients, #""header":{"layers":["a","b"]}"#,
      "expected a norm for each token and layer"),
    Lie(.peak, #""header":{"operations":0}"#, "expected a speed above 0, got 0"),
  ]

  private static let completions = "expected 4 completions with a log-probability for each token"
  private static let lengths = "expected completions of at most 4 tokens from 0 on, got others"

  static let generations: [Lie] = [
    Lie(.generate, #""do":"drop","array":"offsets""#, "expected an array 'offsets', got none"),
    Lie(.generate, #""do":"cut","array":"tokens""#, completions),
    Lie(.generate, #""do":"cut","array":"offsets""#, completions),
    Lie(.generate, #""do":"cut","array":"logProbabilities""#, completions),
    Lie(.generate, #""do":"cut","array":"finished""#, completions),
    Lie(.generate, #""do":"put","array":"offsets","value":1"#, completions),
    Lie(.generate, #""do":"put","array":"offsets","index":1,"value":-1"#, completions),
    Lie(
      .generate, #""do":"put","array":"offsets","index":1,"value":9223372036854775807"#, completions
    ),
    Lie(.generate, #""do":"put","array":"offsets","index":1,"value":8"#, lengths),
    Lie(.generate, #""do":"put","array":"tokens","index":2,"value":-1"#, lengths),
    Lie(
      .generate, #""do":"retype","array":"finished""#, "expected numbers of type u8, got f64"),
  ]

  private static let places = "expected places of tokens that take part, ascending, each once"
  private static let drawn = "expected tokens of the samples that were asked for, got others"

  static let events: [Lie] = [
    Lie(.generate, #""event":true,"do":"put","array":"prompt","value":2"#, drawn),
    Lie(.generate, #""event":true,"do":"put","array":"sample","value":-1"#, drawn),
    Lie(.generate, #""event":true,"do":"put","array":"token","value":-7"#, drawn),
    Lie(
      .generate, #""event":true,"do":"cut","array":"token""#,
      "expected as many prompts and samples as tokens"),
    Lie(
      .accumulate, #""event":true,"do":"drop","array":"places""#,
      "expected an array 'places', got none"),
    Lie(
      .accumulate, #""event":true,"do":"retype","array":"places""#,
      "expected numbers of type i64, got f64"),
    Lie(.accumulate, #""event":true,"do":"put","array":"places","value":-1"#, places),
    Lie(.accumulate, #""event":true,"do":"put","array":"places","value":1"#, places),
    Lie(.accumulate, #""event":true,"do":"put","array":"places","value":2"#, places),
    Lie(
      .accumulate,
      #""event":true,"do":"put","array":"places","index":6,"value":9223372036854775807"#, places),
    // The last token takes no part.
    Lie(.accumulate, #""event":true,"do":"put","array":"places","index":6,"value":7"#, places),
    Lie(
      .accumulate, #""event":true,"do":"cut","array":"levers""#,
      "expected 7 numbers in 'levers', got 6"),
    Lie(
      .accumulate, #""event":true,"do":"repeat""#,
      "expected the tokens of sequence 0 in one piece, got two"),
    Lie(
      .accumulate, #""event":true,"do":"split""#,
      "expected the tokens of sequence 0 in one piece, got two"),
    Lie(
      .accumulate, #""event":true,"do":"skip""#,
      "expected every token that takes part, 7 are missing"),
  ]

  static let scores: [Lie] = [
    Lie(.score, #""do":"drop","array":"levers""#, "expected an array 'levers', got none"),
    Lie(
      .score, #""do":"cut","array":"entropies""#, "expected 8 numbers in 'entropies', got 7"),
    Lie(
      .score, #""do":"retype","array":"logProbabilities""#, "expected numbers of type f32, got f64"),
    Lie(.score, #""do":"drop","array":"further-0""#, "expected an array 'further-0', got none"),
    Lie(
      .score, #""do":"cut","array":"further-0""#, "expected 16 numbers in 'further-0', got 15"),
  ]

  @Test("it is given up, and nothing is left", arguments: replies + generations + events + scores)
  func lies(lie: Lie) throws {
    let bench = try Bench()
    let plan = #"{"call":"\#(lie.call.rawValue)",\#(lie.lie)}"#
    let error = #expect(throws: FulcrumError.self) { try lie.call.make(bench, lie: plan, [:]) }
    #expect(
      error?.message == "the engine talks nonsense: \(lie.expected), while it worked on"
        + " '\(lie.call.rawValue)'")
    #expect(error?.code == .program)
    #expect(bench.living.isEmpty)
  }

  @Test("what is no number comes through: the host has a word for weights that ran away")
  func notANumber() throws {
    let bench = try Bench()
    let policy = try bench.policy(
      lie: #"{"call":"score","do":"put","array":"logProbabilities","index":2,"value":"nan"}"#)
    let logs = try policy.logProbabilities()
    #expect(logs.map(\.isNaN) == [false, false, true, false, false, false, false, false])
  }
}
