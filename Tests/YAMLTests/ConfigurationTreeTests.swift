import FulcrumKernel
import Testing
import YAML

@Suite struct ConfigurationTreeTests {
  private let text = """
    steps: 20
    reward: rule
    advantage:
      - use: group
      - {use: weighted, alpha: 0.25}
    quoted: "3"
    """

  private func tree(_ assignments: String...) throws -> ConfigurationTree {
    var tree = try ConfigurationTree(text: text, file: "run.yaml")
    for assignment in assignments { try tree.set(assignment) }
    return tree
  }

  private func message(_ body: () throws -> Void) -> String? {
    #expect(throws: FulcrumError.self, performing: body)?.description
  }

  @Test func `plain scalars are numbers and flags where they look so, quoted ones are texts`()
    throws
  {
    let root = try tree("a=1_000", "b=true", "c=1.5", "d=~").root
    #expect(root["steps"] == .value(.integer(20)))
    #expect(root["quoted"] == .value(.text("3")))
    #expect(root["a"] == .value(.integer(1000)))
    #expect(root["b"] == .value(.flag(true)))
    #expect(root["c"] == .value(.number(1.5)))
    #expect(root["d"] == .value(.text("")))
  }

  @Test func `a key has the line that it stands on, one without has that of what is around it`()
    throws
  {
    let tree = try tree("reward.limit=3")
    #expect(tree.line(of: "steps") == 1)
    #expect(tree.line(of: "advantage[1].alpha") == 5)
    #expect(tree.line(of: "reward.limit") == 2)
    #expect(tree.line(of: "nowhere") == nil)
    #expect(tree.placed(path: "advantage[0]") == "run.yaml:4: advantage[0]")
    #expect(
      tree.placed(FulcrumError(.configuration, "bad", at: "steps")).description
        == "run.yaml:1: steps: bad")
  }

  @Test func `an override reaches into lists, and a name alone becomes a section`() throws {
    let root = try tree("advantage[1].alpha=1", "reward.limit=3").root
    #expect(
      root["advantage"]
        == .list([
          .section(["use": .value(.text("group"))]),
          .section(["use": .value(.text("weighted")), "alpha": .value(.integer(1))]),
        ]))
    #expect(
      root["reward"] == .section(["use": .value(.text("rule")), "limit": .value(.integer(3))]))
  }

  @Test func `an override that fits nowhere is refused with the reason`() {
    #expect(message { _ = try tree("=3") }?.hasPrefix("--set: expected key=value") == true)
    #expect(
      message { _ = try tree("advantage.alpha=1") }
        == "--set advantage.alpha: expected an element like [0] before 'alpha', because the key"
        + " holds a list\n  hint: for instance --set 'advantage[0].alpha=…'")
    #expect(
      message { _ = try tree("steps[2]=1") }
        == "--set steps[2]: there is no element 2 to set: the only one is 0\n"
        + "  hint: set the whole list: --set 'key=[a, b]'")
    #expect(
      message { _ = try tree("steps.x=1") }
        == "--set steps.x: expected a key with keys within, got one with the value 20")
    #expect(
      message { _ = try tree("steps=[1") }
        == "--set steps: expected ',' or ']' in the list that begins with '[', got neither, in '[1'\n"
        + "  hint: the value is YAML: close it with ']', and write ',' between its parts")
  }

  @Test func `a name that stands for a component takes parameters, in a list too`() throws {
    let root = try tree("advantage=[a, b]", "advantage[1].alpha=1", "reward[0].limit=3").root
    #expect(
      root["advantage"]
        == .list([
          .value(.text("a")),
          .section(["use": .value(.text("b")), "alpha": .value(.integer(1))]),
        ]))
    #expect(
      root["reward"] == .section(["use": .value(.text("rule")), "limit": .value(.integer(3))]))
    #expect(
      try tree("rollout=", "rollout.prompts=2").root["rollout"]
        == .section(["prompts": .value(.integer(2))]))
  }

  @Test func `what was set is placed at its option, what lies beneath it in the file no longer`()
    throws
  {
    var tree = try tree("advantage[1]={use: other, beta: 2}")
    try tree.set("steps=0", by: "t.yaml:9: arms[0] x")
    let place = { (path: String) in
      tree.placed(FulcrumError(.configuration, "bad", at: path)).description
    }
    #expect(place("advantage[1].beta") == "--set advantage[1].beta: bad")
    #expect(place("advantage[1].alpha: f.jsonl") == "--set advantage[1].alpha: f.jsonl: bad")
    #expect(place("advantage[0].use") == "run.yaml:4: advantage[0].use: bad")
    #expect(place("steps") == "t.yaml:9: arms[0] x: steps: bad")
  }

  @Test func `a hexadecimal number is a text`() throws {
    #expect(try tree("a=0x10").root["a"] == .value(.text("0x10")))
  }

  @Test func `a list of numbers is one, and one of texts keeps its texts`() throws {
    let tree = try ConfigurationTree(
      text: "a: [0.1, 2, 1e-3]\nb: [1, 2]\nc: [0.5, x]\nd: []\ne: ['0.5', 1]", file: "t.yaml")
    let expected: [String: ParameterValue] = [
      "a": .numbers([0.1, 2, 1e-3]), "b": .integers([1, 2]), "c": .texts(["0.5", "x"]),
      "d": .texts([]), "e": .texts(["0.5", "1"]),
    ]
    for (key, value) in expected { #expect(tree.root[key]?.parameterValue == value, "\(key)") }
    let numbers = try Parameters(
      ["a": .numbers([0.1, 2])], for: [.numbers("a", default: [], in: 0...3, help: "h")], at: "")
    #expect(try numbers.numbers("a") == [0.1, 2])
    let texts = try Parameters(
      ["a": .numbers([0.5])], for: [.texts("a", default: [], help: "h")], at: "")
    #expect(try texts.texts("a") == ["0.5"])
  }
}
