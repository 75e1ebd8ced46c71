import ArgumentParser
import FulcrumKernel
import PluginHost

struct PluginInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a plugin's manual: its components and their parameters.")

  @Argument(help: "A plugin's name, or a library's path.")
  var plugin: String

  @Option(name: .customLong("plugin-path"), help: "A folder to look in first.")
  var pluginPath: [String] = []

  func run() throws {
    let host = PluginHost(searchPath: Plugins.searchPath(pluginPath))
    let loaded = try host.load(plugin)
    print("\(loaded.name) \(loaded.version)")
    if let foreign = loaded.foreign {
      print("  manifest   \(loaded.path)\n             sha256 \(foreign.manifestDigest)")
      print("  library    \(foreign.library)\n             sha256 \(foreign.libraryDigest)")
    } else {
      print("  library    \(loaded.path)")
    }
    print("  sha256     \(loaded.digest)")
    if let stamp = loaded.stamp {
      print(
        "  built for  kernel interface \(stamp.interfaceMajor).\(stamp.interfaceMinor),"
          + " by \(stamp.compiler)")
    }
    if let function = loaded.foreign?.function { print("  calls      \(function)") }
    for component in loaded.components {
      let manual = component.manual
      print("\n\(component.kind.rawValue) \(manual.name)")
      print("  \(manual.summary)")
      print("  source: \(manual.source)")
      if manual.parameters.isEmpty { print("  no parameters") }
      for parameter in manual.parameters {
        let value = parameter.defaultValue.map { "default \($0)" } ?? "required"
        print("    \(parameter.name): \(parameter.expectation), \(value)")
        print("        \(parameter.help)")
      }
    }
  }
}
