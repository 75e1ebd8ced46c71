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
      Calls every advantage transform, objective and schedule on made-up batches, in a process apart; \
      Documentation/Methods.md says how to read what comes out. Exit status 1 if one of them fails; the \
      others are shown all the same.

        fulcrum methods
        fulcrum methods my-idea --plugin-path my-idea/.build/release --output figures
        fulcrum methods my-idea --set my-idea.alpha=0.5
        fulcrum methods my-idea --also "half of it=my-idea.alpha=0.5"
      """)

  @OptionGroup var request: MethodsRequest

  @Option(
    help: ArgumentHelp(
      "A folder for each method's figure, as SVG, and all numbers: methods.json.",
      valueName: "folder"), completion: .directory)
  var output: String?

  @Flag(help: "Print a Markdown page, whose figures are in the output folder.")
  var markdown = false

  func run() throws {
    // Settings that can't be read are refused before anything is run.
    _ = try ComponentSettings.values(request.overrides)
    _ = try request.variants
    let supervisor = MethodSupervisor(executable: "/proc/self/exe") { task in
      [MethodsWorkerCommand.name] + task + request.arguments
    }
    let findings = try supervisor.run()
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

/// Holds the options that the command passes on to its workers.
struct MethodsRequest: ParsableArguments {
  @Argument(help: "Names of plugins or components; without any: all.", completion: .plugins)
  var names: [String] = []

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "A parameter of a component: component.parameter=value.")
  var overrides: [String] = []

  @Option(
    name: .customLong("also"), parsing: .singleValue,
    help: ArgumentHelp(
      "A component with other settings, under a name of its own.",
      valueName: "NAME=component.parameter=value;…"))
  var also: [String] = []

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  var variants: [MethodVariant] {
    get throws(FulcrumError) {
      var variants: [MethodVariant] = []
      for text in also {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, !text.hasPrefix("=") else {
          throw FulcrumError(
            .usage, "expected NAME=component.parameter=value;…, got '\(text)'", at: "--also",
            hint: "for instance 'half of it=my-idea.alpha=0.5'")
        }
        variants.append(
          try MethodVariant(
            name: parts[0],
            settings: ComponentSettings.values(parts[1].split(separator: ";").map(String.init))))
      }
      return variants
    }
  }

  /// The same request, as words of a command line.
  var arguments: [String] {
    overrides.flatMap { ["--set", $0] } + also.flatMap { ["--also", $0] }
      + pluginPath.flatMap { ["--plugin-path", $0] } + ["--"]
      + names
  }
}

/// Runs plugins' code for `methods`, in a process of its own.
struct MethodsWorkerCommand: ParsableCommand {
  static let name = "methods-worker"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Call methods for 'methods'.", shouldDisplay: false)

  @Option(help: "The first method to call.")
  var from = 0

  @Option(parsing: .singleValue, help: "A plugin that isn't to be loaded.")
  var without: [String] = []

  @OptionGroup var request: MethodsRequest

  func run() throws {
    let search = MethodSearch(
      Plugins.host(request.pluginPath), names: request.names,
      settings: try ComponentSettings.values(request.overrides), variants: try request.variants,
      without: without)
    MethodWorker(search, output: StandardOutput.descriptor).run(from: from)
  }
}

/// Lays methods out for people.
enum MethodTable {
  static func text(of methods: [Method]) -> String {
    let head = ["method", "kind", "whom it favours"]
    let rows = methods.map { [$0.shownName, $0.kindWord, $0.verdict] }
    return TextTable.text([head] + rows)
  }
}
