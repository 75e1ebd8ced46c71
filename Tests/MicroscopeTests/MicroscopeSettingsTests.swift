import FulcrumKernel
import Microscope
import PluginHost
import Runs
import Settings
import Testing
import YAML

@Suite struct MicroscopeSettingsTests {
  private func settings(_ text: String) throws -> MicroscopeSettings {
    try RunConfiguration(tree: try ConfigurationTree(text: text, file: "t.yaml")).microscope
  }

  @Test func `a configuration without the section has three batches and the built-in words`() throws
  {
    let settings = try settings("seed: 1")
    #expect(settings.batches == 3)
    #expect(settings.words == nil)
  }

  @Test func `the section's keys are read`() throws {
    let settings = try settings(
      """
      microscope:
        batches: 5
        words: own.yaml
      """)
    #expect(settings.batches == 5)
    #expect(settings.words == "own.yaml")
  }

  @Test(arguments: [
    ("microscope: {arm: []}", "t.yaml:1: microscope.arm: unknown"),
    ("microscope: {batches: 0}", "t.yaml:1: microscope.batches: expected a whole number in 1..."),
  ]) func `a wrong section is refused with its line`(text: String, message: String) {
    #expect {
      _ = try settings(text)
    } throws: { error in
      "\(error)".hasPrefix(message)
    }
  }

  @Test func `a run's own configuration carries the section`() throws {
    let configuration = try RunConfiguration(
      tree: try ConfigurationTree(
        text: "microscope: {words: w.yaml}", file: "t.yaml"))
    let yaml = try Provenance.yaml(
      configuration, resolved: [:],
      host: PluginHost(searchPath: PluginSearchPath(), formats: [SwiftLibraries()]))
    let again = try settings(yaml)
    #expect(again.words == "w.yaml")
    #expect(again.batches == 3)
  }
}
