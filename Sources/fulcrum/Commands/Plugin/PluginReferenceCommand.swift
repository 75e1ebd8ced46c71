import ArgumentParser
import FulcrumKernel
import PluginHost
import Training

struct PluginReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference",
    abstract: "Print every plugin's components and parameters as one Markdown page.",
    discussion: "  fulcrum plugin reference > PluginReference.md")

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  func run() throws {
    let host = Plugins.host(pluginPath)
    print(
      """
      # Plugin reference

      Every component that ships, by kind, with its parameters. Made by `make reference` from what the
      plugins say of themselves; a test compares the two.
      """)
    var plugins: [LoadedPlugin] = []
    for listing in host.installed() where listing.shadowedBy == nil {
      plugins.append(try host.load(listing))
    }
    for kind in HostComponent.Kind.allCases {
      print("\n## \(kind.rawValue)")
      for plugin in plugins {
        for component in plugin.components(kind) {
          print("\n" + Self.section(component.manual, plugin: plugin.name))
        }
      }
    }
  }

  private static func section(_ manual: ComponentManual, plugin: String) -> String {
    let origin = plugin == manual.name ? "" : ", of the plugin `\(plugin)`"
    var lines = ["### \(manual.name)", "", "\(manual.summary)\(origin)", ""]
    if !manual.formula.isEmpty {
      lines += ["Formula: `\(manual.formula.replacing("`", with: "'"))`", ""]
    }
    lines.append("Source: \(manual.source)")
    guard !manual.parameters.isEmpty else { return (lines + ["", "No parameters."]).joined("\n") }
    lines += ["", "| parameter | value | default | |", "| --- | --- | --- | --- |"]
    for parameter in manual.parameters {
      let value = parameter.defaultValue.map { "\($0)" } ?? "required"
      let cells = ["`\(parameter.name)`", parameter.expectation, value, parameter.help]
      lines.append(
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |")
    }
    return lines.joined("\n")
  }
}

extension [String] {
  fileprivate func joined(_ separator: String) -> String { joined(separator: separator) }
}
