import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import PluginHost
import Settings
import Training

struct PluginLockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock",
    abstract: "Pin the plugins of a configuration: write their SHA-256 into it.",
    discussion: """
      A run then refuses a library with other bytes. Comments and order of the file stay. With \
      --check nothing is written, and the exit status is 1 if a pin is missing or out of date.

        fulcrum plugin lock run.yaml
        fulcrum plugin lock run.yaml --check
      """)

  @Argument(help: "The configuration, a YAML file.", completion: .configurations)
  var config: String

  @Option(
    help: "The file to write; by default the configuration itself.", completion: .configurations)
  var output: String?

  @Flag(help: "Only say which pins are missing or out of date.")
  var check = false

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  func run() throws {
    let configuration = try RunConfiguration(tree: try WorkingFolder.enter(for: config))
    let config = WorkingFolder.path(config)
    let output = output.map(WorkingFolder.path)
    var plugins = configuration.general.plugins
    plugins.folders = pluginPath.map(WorkingFolder.path) + plugins.folders
    let host = Plugins.host(plugins)
    guard let text = try? String(contentsOfFile: config, encoding: .utf8) else {
      throw FulcrumError(.notFound, "no readable configuration file here", at: config)
    }
    let writer = try PinWriter(text, file: config) { (key, use) throws(FulcrumError) in
      try Self.digest(key, use, host)
    }
    for pin in writer.pins { print(Self.line(pin)) }
    let stale = writer.pins.count { $0.old?.lowercased() != $0.new }
    if check {
      print("\(stale) of \(writer.pins.count) pins to write")
      if stale > 0 { throw ExitCode(1) }
      return
    }
    try SafeFiles.write(writer.text, to: output ?? config)
    print("\(writer.pins.count) pins in \(output ?? config), \(stale) of them new")
  }

  /// Returns the digest of the library that has the component.
  private static func digest(_ key: ComponentKey, _ use: String, _ host: PluginHost)
    throws(FulcrumError) -> String
  {
    return try host.find(key.kind, use).plugin.digest
  }

  private static func line(_ pin: PinWriter.Pin) -> String {
    let state =
      switch pin.old?.lowercased() {
      case nil: "new"
      case pin.new: "same"
      case .some(let old): "was \(old.prefix(12))…"
      }
    return "\(pin.path) \(pin.use)  \(pin.new)  \(state)"
  }
}
