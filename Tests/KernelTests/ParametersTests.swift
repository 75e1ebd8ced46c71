import FulcrumKernel
import Testing

@Suite struct ParametersTests {
  private let schema: [Parameter] = [
    .number("alpha", default: 0.3, in: 0...1, help: "share"),
    .integer("steps", default: 4, in: 1...Int.max, help: "how many"),
    .choice("order", default: "low-first", of: ["low-first", "high-first"], help: "which first"),
    .flag("clamp", default: true, help: "whether"),
    .integers("people", default: [2, 3], in: 2...8, help: "sizes"),
    .texts("files", default: [], help: "paths"),
    .text("checkpoint", default: nil, help: "a folder", meaning: .checkpoint),
    .numbers("cuts", default: [0.5], in: 0...1, help: "where to cut"),
  ]

  private func resolve(_ given: [String: ParameterValue]) throws(FulcrumError) -> Parameters {
    var given = given
    given["checkpoint"] = given["checkpoint"] ?? .text("x")
    return try Parameters(given, for: schema, at: "advantage[1]")
  }

  private func message(_ given: [String: ParameterValue]) -> String {
    do {
      _ = try resolve(given)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test func `defaults fill what is not given`() throws {
    let parameters = try resolve(["alpha": .number(0.5)])
    #expect(try parameters.number("alpha") == 0.5)
    #expect(try parameters.integer("steps") == 4)
    #expect(try parameters.text("order") == "low-first")
    #expect(try parameters.flag("clamp"))
    #expect(try parameters.integers("people") == [2, 3])
    #expect(parameters.resolved.map(\.name) == schema.map(\.name))
  }

  @Test func `a whole number serves as a number and one element as a list`() throws {
    let parameters = try resolve([
      "alpha": .integer(1), "people": .integer(5), "files": .text("a.jsonl"),
    ])
    #expect(try parameters.number("alpha") == 1)
    #expect(try parameters.integers("people") == [5])
    #expect(try parameters.texts("files") == ["a.jsonl"])
  }

  @Test func `a list of numbers takes whole ones, one alone and none, and checks each`() throws {
    for (given, expected) in [
      (.numbers([0.25, 1]), [0.25, 1]), (.number(0.5), [0.5]), (.integer(1), [1]),
      (.integers([0, 1]), [0, 1]), (.texts([]), []), (.numbers([]), []),
    ] as [(ParameterValue, [Double])] {
      #expect(try resolve(["cuts": given]).numbers("cuts") == expected)
    }
    #expect(
      message(["cuts": .numbers([0.5, 1.5])]) == """
        advantage[1].cuts: expected a list of numbers in 0.0...1.0, got [0.5, 1.5]
          hint: where to cut
        """)
    #expect(message(["cuts": .numbers([.nan])]).contains("got [nan]"))
    #expect(message(["cuts": .text("a")]).contains("expected a list of numbers"))
    #expect(throws: FulcrumError.self) { try resolve([:]).number("cuts") }
  }

  @Test func `a parameter says what a host must know of it`() {
    #expect(schema.compactMap(\.meaning) == [.checkpoint])
    for name in ["token-damping", "reference-strength", "checkpoint", "optimizer"] {
      #expect(ParameterMeaning(rawValue: name)?.rawValue == name)
    }
  }

  @Test func `an unknown name is refused with the nearest one`() {
    #expect(
      message(["alfa": .number(0.1)]) == """
        advantage[1].alfa: unknown parameter 'alfa'
          hint: did you mean 'alpha'?
        """)
  }

  @Test func `a value out of range is refused with what was expected`() {
    #expect(
      message(["alpha": .number(1.5)]) == """
        advantage[1].alpha: expected a number in 0.0...1.0, got 1.5
          hint: share
        """)
    #expect(
      message(["steps": .integer(0)]) == """
        advantage[1].steps: expected a whole number of at least 1, got 0
          hint: how many
        """)
    #expect(
      message(["people": .integers([2, 9])]) == """
        advantage[1].people: expected a list of whole numbers in 2...8, got [2, 9]
          hint: sizes
        """)
    #expect(
      message(["order": .text("random")]) == """
        advantage[1].order: expected one of low-first, high-first, got random
          hint: which first
        """)
  }

  @Test func `a wrong type is refused`() {
    #expect(
      message(["steps": .number(1.5)]).hasPrefix("advantage[1].steps: expected a whole number"))
    #expect(message(["clamp": .integer(1)]).hasPrefix("advantage[1].clamp: expected true or false"))
  }

  @Test func `a missing value without a default is refused`() {
    let error = #expect(throws: FulcrumError.self) {
      try Parameters([:], for: schema, at: "policy")
    }
    #expect(
      error?.description == """
        policy.checkpoint: expected a text, got nothing
          hint: a folder
        """)
  }

  @Test func `reading what the manual does not declare is the plugin's fault`() throws {
    let parameters = try resolve([:])
    let error = #expect(throws: FulcrumError.self) { try parameters.number("beta") }
    #expect(error?.code == .pluginFault)
    #expect(throws: FulcrumError.self) { try parameters.integer("alpha") }
  }
}

@Suite struct NearNamesTests {
  @Test func `near names come nearest first`() {
    #expect(NearNames.of("gropo", among: ["lopti", "grpo", "grop"]) == ["grop", "grpo"])
  }

  @Test func `a far name gets the whole list`() {
    #expect(NearNames.hint(for: "xyzzy", among: ["b", "a"]) == "known: a, b")
    #expect(NearNames.hint(for: "x", among: []) == "there are none to choose from")
  }
}

@Suite struct FulcrumErrorTests {
  @Test func `places nest from the outside in`() {
    let error = FulcrumError(.data, "expected 3, got 4", at: "row 7", hint: "mend it")
    #expect(
      error.within("puzzles.jsonl").description == """
        puzzles.jsonl: row 7: expected 3, got 4
          hint: mend it
        """)
    #expect(FulcrumError(.data, "no").within("here").description == "here: no")
  }
}
