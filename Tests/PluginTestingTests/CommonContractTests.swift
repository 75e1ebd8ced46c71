import FulcrumKernel
import PluginTesting
import Testing

/// Tests the contract of every kind of component, on advantage transforms.
@Suite struct CommonContractTests {
  private static func manual(_ parameters: [Parameter]) -> ComponentManual {
    ComponentManual(
      name: "idea", summary: "an idea", source: "this test", parameters: parameters)
  }

  private static func checks(
    _ manual: ComponentManual = ideaManual,
    make: @escaping PluginContract.Maker<any AdvantageTransform> = { _, _ in TransformOf { _, _ in }
    }
  ) -> [ContractCheck] {
    PluginContract.checks(advantageTransform: manual, [:], make: make)
  }

  /// Adds a number to every advantage.
  private static func adding(_ number: @escaping @Sendable () -> Int) -> TransformOf {
    TransformOf { (advantages, _) in
      let number = Float(number())
      for token in advantages.indices { advantages[token] += number }
    }
  }

  private static let number = Parameter.number("x", default: nil, in: 0...1, help: "a number")
  private static let shared = Counter()

  static let broken = [
    Broken(
      "needs a parameter that was not given",
      "the parameters, completed with defaults, make an instance",
      "expected a number in 0.0...1.0, got nothing", checks(manual([number]))),
    Broken(
      "has a default beyond its range",
      "the manual is complete, and its defaults keep its own rules",
      "the default of 'x' breaks its own rule: expected a number in 0.0...1.0, got 2.0",
      checks(manual([.number("x", default: 2, in: 0...1, help: "a number")]))),
    Broken(
      "has a name with a capital", "the manual is complete, and its defaults keep its own rules",
      "expected parameter names of lower-case letters, digits and hyphens, starting with a letter,"
        + " got 'X'", checks(manual([.flag("X", default: true, help: "a flag")]))),
    Broken(
      "means an optimiser by a text", "the manual is complete, and its defaults keep its own rules",
      "expected 'x' to be of a kind that its meaning has, got a number for 'checkpoint'",
      checks(
        manual([
          Parameter(
            name: "x", kind: .number(-Double.infinity...Double.infinity), default: .number(0),
            help: "a number", meaning: .checkpoint)
        ]))),
    Broken(
      "declares a parameter twice", "the manual is complete, and its defaults keep its own rules",
      "the parameter 'x' is declared twice",
      checks(
        manual([
          .flag("x", default: true, help: "a flag"), .flag("x", default: true, help: "a flag"),
        ]))),
    Broken(
      "has no help", "the manual is complete, and its defaults keep its own rules",
      "expected one line of help for 'x', got ''",
      checks(manual([.flag("x", default: true, help: "")]))),
    Broken(
      "refuses the end of a range without a name",
      "the ends of each parameter's range are accepted, or refused by name",
      "expected x = 1.0, which is a number in 0.0...1.0, to be accepted or refused by a parameter's"
        + " name, got: no place: too much",
      checks { (parameters, _) throws(FulcrumError) in
        if try parameters.number("x") == 1 { throw FulcrumError(.parameter, "too much") }
        return TransformOf { _, _ in }
      }),
    Broken(
      "declares a parameter twice, as two kinds",
      "the ends of each parameter's range are accepted, or refused by name",
      "expected x = 0.0, which is a number in 0.0...1.0, to pass the manual, got: idea.x: expected"
        + " true or false, got 0.0",
      checks(
        manual([
          .number("x", default: 0.5, in: 0...1, help: "a number"),
          .flag("x", default: true, help: "a flag"),
        ]))),
    Broken(
      "fails by another name before it looks at a value",
      "what is beyond a parameter's range is refused, by its name",
      "expected y = nan to be refused as 'idea.y', got 'idea.x': expected a number in 0.0...1.0, got"
        + " 2.0",
      checks(
        manual([
          .number("x", default: 2, in: 0...1, help: "a number"),
          .number("y", default: 0, in: 0...1, help: "a number"),
        ])
      )),
    Broken(
      "draws from the system's generator", "the same seed and input give the same bits",
      "expected the same bits from one instance and from another, got other advantages of",
      checks { _, _ in
        let drawn = Int.random(in: 0..<1 << 20)
        return adding { drawn }
      }),
    Broken(
      "answers by the number of threads", "the number of threads changes no bit",
      "expected the same bits with 1 thread and with 3, got other advantages of the hand-sized batch,"
        + " element 0: 2.0 and then 4.0",
      checks { _, context in adding { context.threads } }),
    Broken(
      "shares a counter among instances", "two instances don't change each other's results",
      "expected the same bits before and after another instance was used, got other advantages of",
      checks { _, _ in adding { shared.next() } }),
    Broken(
      "counts its calls", "a call leaves no trace on the next one",
      "expected the same bits in a first and in a second call of one instance, got other advantages"
        + " of the hand-sized batch, element 0: 2.0 and then 7.0",
      checks { _, _ in
        let own = Counter()
        return adding { own.next() }
      }),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a parameter that is refused by its name at the end of its range passes`() {
    expectKept(
      Self.checks { (parameters, _) throws(FulcrumError) in
        if try parameters.number("x") == 1 { throw parameters.refuse("x", "too much") }
        return TransformOf { _, _ in }
      })
  }

  @Test func `parameters of every kind pass`() {
    expectKept(
      Self.checks(
        Self.manual([
          .number("a", default: 0, help: "any"), .number("b", default: 1, in: 0...9, help: "some"),
          .integer("c", default: 0, help: "any"), .integer("d", default: 2, in: 2...2, help: "one"),
          .flag("e", default: false, help: "a flag"), .text("f", default: "", help: "a text"),
          .choice("g", default: "b", of: ["a", "b"], help: "a choice"),
          .integers("h", default: [], in: 1...3, help: "some"),
          .texts("i", default: ["a"], help: "texts"),
          .numbers("j", default: [0.5], in: 0...1, help: "some"),
          .numbers("k", default: [], help: "any"),
          .number("l", default: 1, help: "a strength", meaning: .tokenDamping),
          .choice("m", default: "a", of: ["a", "sgd"], help: "a choice", meaning: .optimizer),
        ])))
  }

  @Test func `a check is left out by its name, for a reason`() throws {
    let checks = Self.checks()
    let name = "the order of groups is irrelevant"
    #expect(checks.contains { $0.name == name })
    let rest = checks.without(name, because: "of the place")
    #expect(rest.map(\.name) == checks.map(\.name).filter { $0 != name })
    expectKept(rest)
  }

  @Test func `a misspelt exception fails, and so does one without a reason`() throws {
    let checks = Self.checks()
    let misspelt = try #require(
      checks.without("the order of groups is irrelevent", because: "of the place").last)
    let error = #expect(throws: FulcrumError.self) { try misspelt.run() }
    #expect(
      error?.description
        == """
        expected the name of a check, got 'the order of groups is irrelevent'
          hint: did you mean 'the order of groups is irrelevant'?
        """)
    let unreasoned = try #require(
      checks.without("the order of groups is irrelevant", because: "").last)
    let other = #expect(throws: FulcrumError.self) { try unreasoned.run() }
    #expect(
      other?.message
        == "expected a reason to leave out 'the order of groups is irrelevant', got none")
  }
}
