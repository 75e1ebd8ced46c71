import ArgumentParser
import FulcrumKernel
import MethodCurves
import PluginHost
import Runs
import Training

struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "Show what plugins do to a token's weight, side by side.",
    discussion: """
      Calls every advantage transform, objective and schedule on a made-up batch; \
      Documentation/Methods.md says how to read what comes out. Exit status 1 if one of them fails; the \
      others are shown all the same.

        fulcrum methods
        fulcrum methods my-idea --plugin-path my-idea/.build/release --output figures
        fulcrum methods --set token-damping.alpha=0.5
      """)

  @Argument(help: "Names of plugins or components; without any: all.", completion: .plugins)
  var names: [String] = []

  @Option(
    help: ArgumentHelp(
      "A folder for each method's figure, as SVG, and all numbers: methods.json.",
      valueName: "folder"), completion: .directory)
  var output: String?

  @Flag(help: "Print a Markdown page, whose figures are in the output folder.")
  var markdown = false

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "A parameter of a component: component.parameter=value.")
  var overrides: [String] = []

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  func run() throws {
    let settings = try ComponentSettings.values(overrides)
    let findings = try MethodSearch(Plugins.host(pluginPath), settings: settings).methods(names)
    if markdown {
      print(MethodPage(findings.methods, figures: output).text, terminator: "")
    } else {
      print(MethodTable.text(of: findings.methods).onTerminal)
    }
    for (name, error) in findings.refused {
      Fulcrum.report("error: plugin \(name) is not loaded: \(error)")
    }
    if let output {
      let count = try MethodFiles.write(findings.methods, to: output)
      if !markdown { print("figures \(output), " + Counted.text(count, "figure")) }
    }
    if !findings.isSound { throw ExitCode(1) }
  }
}

/// Lays methods out for people.
enum MethodTable {
  static func text(of methods: [Method]) -> String {
    let head = ["method", "kind", "whom it favours"]
    let rows = methods.map { [$0.manual.name, $0.kindWord, $0.verdict] }
    return TextTable.text([head] + rows)
  }
}
