import ArgumentParser
import FulcrumKernel
import PluginHost

struct PluginInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a plugin's manual: its components and their parameters.",
    discussion: """
        fulcrum plugin info grpo
        fulcrum plugin info my-idea --plugin-path my-idea/.build/release
      """)

  @Argument(help: "A plugin's name, or a library's path.", completion: .plugins)
  var plugin: String

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  func run() throws {
    let host = Plugins.host(pluginPath)
    let loaded = try host.load(plugin)
    print("\(loaded.name) \(loaded.version)")
    for file in loaded.files {
      print(Self.line(file.role, file.path))
      if let digest = file.digest { print(Self.line("", "sha256 \(digest)")) }
    }
    print(Self.line("sha256", loaded.digest))
    for note in loaded.notes { print(Self.line(note.subject, note.text)) }
    for component in loaded.components {
      let manual = component.manual
      print("\n\(component.kind.rawValue) \(manual.name)")
      print("  \(manual.summary)")
      if !manual.formula.isEmpty { print("  formula: \(manual.formula)") }
      print("  source: \(manual.source)")
      if manual.parameters.isEmpty { print("  no parameters") }
      for parameter in manual.parameters {
        let value = parameter.defaultValue.map { "default \($0)" } ?? "required"
        print("    \(parameter.name): \(parameter.expectation), \(value)")
        print("        \(parameter.help)")
      }
    }
  }

  private static func line(_ subject: String, _ text: String) -> String {
    "  " + subject + String(repeating: " ", count: max(1, 11 - subject.count)) + text
  }
}
