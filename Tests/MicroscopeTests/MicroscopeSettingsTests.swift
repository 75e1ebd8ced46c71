import FulcrumKernel
import Microscope
import PluginHost
import Testing
import Trainer

@Suite struct MicroscopeSettingsTests {
  private func settings(_ text: String) throws -> MicroscopeSettings {
    try MicroscopeSettings(
      try RunConfiguration(tree: try ConfigurationTree(text: text, file: "t.yaml")))
  }

  @Test func `a configuration without the section has three batches and no arm`() throws {
    let settings = try settings("seed: 1")
    #expect(settings.batches == 3)
    #expect(settings.words == nil)
    #expect(settings.arms.isEmpty)
  }

  @Test func `the section's keys are read`() throws {
    let settings = try settings(
      """
      microscope:
        batches: 5
        words: own.yaml
        arms:
          - one=schedule=single
          - two=advantage=[a, b];update.iterations=2
      """)
    #expect(settings.batches == 5)
    #expect(settings.words == "own.yaml")
    #expect(settings.arms.map(\.name) == ["one", "two"])
    #expect(settings.arms[1].overrides == ["advantage=[a, b]", "update.iterations=2"])
  }

  @Test(arguments: [
    (
      "microscope:\n  arms:\n    - one=schedule=x\n    - two\n",
      "t.yaml:4: microscope.arms[1]: expected NAME=key=value;key=value, got 'two'"
    ),
    (
      "microscope:\n  arms: [one=rollout.prompts=2]\n",
      "t.yaml:2: microscope.arms[0] one: expected a key of advantage, schedule, objective, update,"
        + " got 'rollout'"
    ),
    (
      "microscope:\n  arms: [a=schedule=x, a=schedule=y]\n",
      "t.yaml:2: microscope.arms[1]: expected a name that no other arm has, got 'a'"
    ),
    (
      "microscope: {arms: [as configured=schedule=x]}",
      "t.yaml:1: microscope.arms[0]: expected a name that no other arm has, got 'as configured'"
    ),
    ("microscope: {arm: []}", "t.yaml:1: microscope.arm: unknown"),
    ("microscope: {batches: 0}", "t.yaml:1: microscope.batches: expected a whole number in 1..."),
  ]) func `a wrong section is refused with its line`(text: String, message: String) {
    #expect {
      _ = try settings(text)
    } throws: { error in
      "\(error)".hasPrefix(message)
    }
  }

  @Test func `an arm that can't be applied names its place`() throws {
    let text = "schedule: [a]\nmicroscope: {arms: ['x=schedule[4].use=b']}"
    let arm = try settings(text).arms[0]
    #expect {
      _ = try arm.applied(to: try ConfigurationTree(text: text, file: "t.yaml"))
    } throws: { error in
      "\(error)".hasPrefix(
        "t.yaml:2: microscope.arms[0] x: --set schedule[4].use: there is no element 4 to set")
    }
  }

  @Test func `a run's own configuration carries the section`() throws {
    let configuration = try RunConfiguration(
      tree: try ConfigurationTree(
        text: "microscope: {arms: ['a=advantage=[b, c]'], words: w.yaml}", file: "t.yaml"))
    let yaml = try Provenance.yaml(
      configuration, resolved: [:], host: PluginHost(searchPath: PluginSearchPath()), threads: 1)
    let again = try settings(yaml)
    #expect(again.words == "w.yaml")
    #expect(again.arms[0].overrides == ["advantage=[b, c]"])
    #expect(again.batches == 3)
  }
}
