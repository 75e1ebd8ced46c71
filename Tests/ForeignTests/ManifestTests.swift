import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// Mistakes in a manifest: each names its line and key path.
@Suite struct ManifestTests {
  private let workshop: Workshop

  init() throws {
    workshop = try Workshop()
    try workshop.build(Workshop.code)
  }

  /// Each argument is a manifest's line, another line in its place, and the host's answer to that.
  @Test(arguments: [
    (
      "fulcrum-foreign: 1", "fulcrum-foreign: 2",
      "line 1: fulcrum-foreign: expected format 1, got 2\n  hint: this host reads format 1 only"
    ),
    (
      "name: x", "name: y",
      "line 2: name: expected 'x', as the file is named, got 'y'\n  hint: name the file"
        + " y.fulcrum.yaml, or the component 'x'"
    ),
    (
      "kind: advantage-transform", "kind: advantage-transforms",
      "line 3: kind: expected one of reward, advantage-transform, policy-objective,"
        + " update-scheduler, got 'advantage-transforms'\n  hint: did you mean"
        + " 'advantage-transform'?"
    ),
    (
      "kind: advantage-transform", "kind: policy",
      "line 3: kind: expected one of reward, advantage-transform, policy-objective,"
        + " update-scheduler, got 'policy'\n  hint: GUIDE"
    ),
    ("summary: doubles\n", "", "summary: expected a text, got nothing\n  hint: GUIDE"),
    (
      "summary: doubles", "summary: 2",
      "line 4: summary: expected a text, got 2\n  hint: write it in quotes: \"2\""
    ),
    (
      "source:", "sauce:", "line 5: sauce: unknown key 'sauce'\n  hint: did you mean 'source'?"
    ),
    (
      "returns: nothing", "returns: f64",
      "line 8: returns: expected one of status, nothing, got 'f64'\n  hint: GUIDE"
    ),
    (
      "type: i64", "type: int",
      "line 11: arguments[1].type: expected one of i32, i64, f32, f64, utf8, const f32*, const"
        + " f64*, const i32*, const i64*, f32*, f64*, i32*, callback, got 'int'\n  hint: did you"
        + " mean 'i32' or 'i64'?"
    ),
    (
      "type: i64", "type: f64",
      "line 11: arguments[1].type: expected i64 or i32 for 'token-count', got f64\n  hint: GUIDE"
    ),
    (
      "bind: token-count", "bind: token-counts",
      "line 11: arguments[1].bind: a function of kind advantage-transform can't be given"
        + " 'token-counts'\n  hint: did you mean 'token-count'?"
    ),
    (
      "bind: token-count", "bind: weights",
      "line 11: arguments[1].bind: a function of kind advantage-transform can't be given"
        + " 'weights'\n  hint: known: " + Self.bindable.joined(separator: ", ")
    ),
    (
      "bind: token-count", "bind: parameter scale",
      "line 11: arguments[1].bind: the manifest declares no parameter 'scale'\n  hint: there are"
        + " none to choose from"
    ),
    (
      "bind: token-count", "bind: step",
      "line 10: arguments[0].bind: the function can't know how long 'advantages' is\n  hint: add"
        + " {type: i64, bind: token-count}"
    ),
    (
      "{type: f32*, bind: advantages}", "{type: i64, bind: step}",
      "line 9: arguments: expected an argument bound to 'advantages', where the function leaves"
        + " what it computes\n  hint: add {type: f32*, bind: advantages}"
    ),
    (
      "{type: i64, bind: token-count}", "{type: f32*, bind: advantages}",
      "line 10: arguments[0].bind: 'advantages' is written to, so only one argument can have it"
        + "\n  hint: GUIDE"
    ),
    (
      "examples:\n  - given: {lengths: [3], advantages: [1, 2, 3]}\n    expect: {advantages: [2, 4, 6]}\n",
      "",
      "examples: expected at least one worked example, got none\n  hint: give what goes in and what"
        + " comes out; they are run before the library is used"
    ),
    (
      "advantages: [1, 2, 3]}", "advantages: [1, 2]}",
      "line 13: examples[0].given.advantages: expected 3 values, one for each token, got 2"
        + "\n  hint: GUIDE"
    ),
    (
      ", advantages: [1, 2, 3]}", "}",
      "line 13: examples[0].given.advantages: expected numbers, because an argument is bound to it,"
        + " got nothing\n  hint: GUIDE"
    ),
    (
      "[2, 4, 6]", "[2, .nan, 6]",
      "line 14: examples[0].expect.advantages[1]: expected a finite number, got .nan\n  hint: GUIDE"
    ),
    (
      "{lengths: [3]", "{lengths: [3], groups: [2]",
      "line 13: examples[0].given.groups: expected numbers of sequences that add up to 1, got [2]"
        + "\n  hint: GUIDE"
    ),
    (
      "returns: nothing", "returns: nothing\nphases: [low]",
      "line 9: phases: only a manifest of kind update-scheduler has this key, got kind"
        + " advantage-transform\n  hint: GUIDE"
    ),
    (
      "arguments:",
      "parameters: [{name: p, type: number, default: 3, range: [0, 1], help: h}]\narguments:",
      "line 9: parameters[0].default: expected a number in 0.0...1.0, got 3\n  hint: correct the"
        + " default or the range"
    ),
  ])
  func `a mistake is named with its line`(right: String, wrong: String, message: String) throws {
    let manifest = Workshop.manifest.replacing(right, with: wrong)
    try #require(manifest != Workshop.manifest)
    #expect(
      try workshop.refusal(manifest)
        == "…/x.fulcrum.yaml: refused: "
        + message.replacing(
          "GUIDE", with: "Documentation/ForeignPlugins.md says what a manifest holds"))
  }

  @Test func `the guide has every type and every binding`() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Documentation/ForeignPlugins.md").path
    let guide = try String(contentsOfFile: path, encoding: .utf8)
    for name in try types() + bindings() + results() {
      #expect(guide.contains("`\(name)`"), "\(name)")
    }
  }

  /// Returns what a refusal lists after a word, up to the end of the line or `, got`.
  private func listed(after word: String, in manifest: String) throws -> [String] {
    let text = try workshop.refusal(manifest)
    let start = try #require(text.range(of: word), "\(text)").upperBound
    let list = text[start...].prefix { $0 != "\n" }
    let end = list.range(of: ", got")?.lowerBound ?? list.endIndex
    let names = list[..<end].components(separatedBy: ", ")
    return names
  }

  /// What a transform's arguments can be bound to, and each column of the old policy.
  private static let bindable =
    ([
      "advantages", "group-count", "group-offsets", "is-finished", "log", "minibatch-count",
      "minibatch-offsets", "parameter NAME", "rewards", "seed", "sequence-count",
      "sequence-offsets", "step", "token-count", "tokens",
    ]
    + [.rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities].map(\Column.name)
    + TokenStatistic.examples.dropFirst().map { Column(.old, $0).name }).sorted()

  private static let kinds = [
    "reward", "advantage-transform", "policy-objective", "update-scheduler",
  ]

  /// The refusal of a type that there is not lists those that there are.
  private func types() throws -> [String] {
    let types = try listed(
      after: "expected one of ", in: Workshop.manifest.replacing("i64", with: "none-of-them"))
    #expect(types.count == 13)
    return types
  }

  private func bindings() throws -> [String] {
    var bindings: Set<String> = []
    for kind in Self.kinds {
      let manifest = Workshop.manifest.replacing("advantage-transform", with: kind)
        .replacing("nothing", with: "status").replacing("bind: advantages", with: "bind: qqqqqq")
      bindings.formUnion(try listed(after: "known: ", in: manifest))
    }
    #expect(bindings.remove("parameter NAME") != nil)
    // The kernel's columns have a table of their own.
    bindings = bindings.filter { Column(name: $0) == nil }
    #expect(bindings.count == 32)
    return bindings.sorted()
  }

  private func results() throws -> [String] {
    var results: Set<String> = []
    for kind in Self.kinds {
      let manifest = Workshop.manifest.replacing("advantage-transform", with: kind)
        .replacing("nothing", with: "none-of-them")
      results.formUnion(try listed(after: "expected one of ", in: manifest))
    }
    #expect(results.sorted() == ["f32", "f64", "nothing", "status"])
    return results.sorted()
  }

  @Test func `text that is no YAML is a message`() throws {
    #expect(
      try workshop.refusal("name: [x").hasPrefix(
        "…/x.fulcrum.yaml: refused: line 1: expected ',' or ']' in the list"))
  }

  @Test func `a schedule names its phases, and a reward its result`() throws {
    let schedule = Workshop.manifest.replacing("advantage-transform", with: "update-scheduler")
      .replacing("f32*, bind: advantages", with: "i32*, bind: masks")
    #expect(
      try workshop.refusal(schedule) == """
        …/x.fulcrum.yaml: refused: phases: expected the phases' names, each once
          hint: write phases: [low, high]
        """)
    let reward = Workshop.manifest.replacing("advantage-transform", with: "reward")
      .replacing("nothing", with: "status")
      .replacing("f32*, bind: advantages", with: "utf8, bind: completion")
    #expect(
      try workshop.refusal(reward) == """
        …/x.fulcrum.yaml: refused: line 9: arguments: expected an argument bound to 'result', \
        where the function leaves what it computes
          hint: add {type: f64*, bind: result}
        """)
  }
}
