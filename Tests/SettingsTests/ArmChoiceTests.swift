import FulcrumKernel
import PluginHost
import Runs
import Settings
import Testing
import YAML

@Suite struct ArmChoiceTests {
  private func tree(_ text: String) throws -> ConfigurationTree {
    try ConfigurationTree(text: text, file: "t.yaml")
  }

  private func arms(_ text: String) throws -> [ArmChoice] {
    try RunConfiguration(tree: try tree(text)).arms()
  }

  @Test func `an arm is a name with changes`() throws {
    let arm = try ArmChoice("plain=advantage=[a, b];schedule=c")
    #expect(arm == ArmChoice(name: "plain", overrides: ["advantage=[a, b]", "schedule=c"]))
    let tree = try arm.applied(to: try tree("schedule: d"))
    #expect(tree.root["schedule"] == .value(.text("c")))
  }

  @Test(arguments: [
    ("plain", "--arm: expected NAME=key=value;key=value, got 'plain'"),
    ("plain=", "--arm: expected a key to change, got none for 'plain'"),
    (
      "more=rollout.prompts=3",
      "--arm more: expected a key of advantage, schedule, objective, update, got 'rollout'\n"
        + "  hint: arms differ in how they train; all else is alike"
    ),
    ("bad=schedule", "--arm bad: --set: expected key=value, got 'schedule'"),
    (
      "twice=update.iterations=1;schedule=single;update.iterations=2",
      "--arm twice: expected each key once, got 'update.iterations' twice\n"
        + "  hint: give the value that you want alone"
    ),
  ]) func `other arms are refused`(text: String, message: String) throws {
    #expect {
      let arm = try ArmChoice(text)
      _ = try arm.applied(to: try tree("seed: 1"))
    } throws: { error in
      "\(error)".hasPrefix(message)
    }
  }

  @Test(arguments: [" ", "..", ".a", "a\nb", "a\u{1B}b", String(repeating: "é", count: 61)])
  func `a name that tables and folders can't have is refused`(name: String) throws {
    let fault =
      "expected an arm's name of one line, of at most 120 bytes, that doesn't begin with a dot, got '\(name)'"
    #expect {
      _ = try ArmChoice(name + "=schedule=single")
    } throws: { error in
      "\(error)" == "--arm: " + fault
    }
    var tree = try tree("seed: 1")
    try tree.set("arm", toText: name)
    #expect {
      _ = try RunConfiguration(tree: tree)
    } throws: { error in
      "\(error)".contains(fault)
    }
  }

  @Test(arguments: ["AR .3 + Lopti", "α = 0.5", "as configured", "a/b"])
  func `other names are as they are written`(name: String) throws {
    #expect(ArmChoice.fault(ofName: name) == nil)
  }

  @Test func `a configuration names itself and its arms`() throws {
    let text = """
      arm: both
      arms:
        - one=schedule=single
        - both=schedule=other
        - two=advantage=[a, b];update.iterations=2
      """
    let found = try arms(text)
    // Its own name is no other arm.
    #expect(found.map(\.name) == ["one", "two"])
    #expect(found[1].overrides == ["advantage=[a, b]", "update.iterations=2"])
    #expect(try RunConfiguration(tree: try tree(text)).armName == "both")
    #expect(try RunConfiguration(tree: try tree("seed: 1")).armName == "as configured")
    #expect(try arms("seed: 1").isEmpty)
  }

  @Test(arguments: [
    (
      "arms:\n  - one=schedule=x\n  - two\n",
      "t.yaml:3: arms[1]: expected NAME=key=value;key=value, got 'two'"
    ),
    (
      "arms: [one=rollout.prompts=2]\n",
      "t.yaml:1: arms[0] one: expected a key of advantage, schedule, objective, update,"
        + " got 'rollout'"
    ),
    (
      "arms: [a=schedule=x, a=schedule=y]\n",
      "t.yaml:1: arms[1]: expected a name that no other arm has, got 'a'"
    ),
    (
      "arms: [as configured=schedule=x]",
      "t.yaml:1: arms[0]: expected a name that no other arm has, got 'as configured'"
    ),
  ]) func `a wrong arm is refused with its line`(text: String, message: String) {
    #expect {
      _ = try arms(text)
    } throws: { error in
      "\(error)".hasPrefix(message)
    }
  }

  @Test func `all wrong arms are told at once`() {
    let error = #expect(throws: FulcrumError.self) {
      try arms("arms: [GRPO, 'A=schedule=x', 'B=stepps=5;seed=3;update.decay=linear', 'C=']")
    }
    #expect(
      error?.message == """
        t.yaml:1: arms[0]: expected NAME=key=value;key=value, got 'GRPO'; for instance \
        'short=update.iterations=1;schedule=[]'
        t.yaml:1: arms[2] B: expected a key of advantage, schedule, objective, update, got 'stepps' and \
        'seed'; arms differ in how they train; all else is alike
        t.yaml:1: arms[3]: expected a key to change, got none for 'C'; the configuration as it is has an \
        arm already
        3 faults
        """)
  }

  @Test func `an arm that can't be applied names its place`() throws {
    let text = "schedule: [a]\narms: ['x=schedule[4].use=b']"
    let arm = try arms(text)[0]
    #expect {
      _ = try arm.applied(to: try tree(text))
    } throws: { error in
      "\(error)".hasPrefix(
        "t.yaml:2: arms[0] x: --set schedule[4].use: there is no element 4 to set")
    }
  }

  @Test func `a run's own configuration carries its arms`() throws {
    let configuration = try RunConfiguration(
      tree: try tree("arm: x\narms: ['a=advantage=[b, c]']"))
    let yaml = try Provenance.yaml(
      configuration, resolved: [:],
      host: PluginHost(searchPath: PluginSearchPath(), formats: [SwiftLibraries()]))
    #expect(try arms(yaml).map(\.overrides) == [["advantage=[b, c]"]])
    #expect(try RunConfiguration(tree: try tree(yaml)).armName == "x")
  }
}
