import ArgumentParser
import Files
import ForeignPlugins
import Foundation
import FulcrumKernel
import PluginChecks
import PluginHost
import PythonPlugins
import Runs
import Settings
import Synchronization
import YAML

/// Holds the options of all commands that read a configuration.
struct RunOptions: ParsableArguments {
  @Argument(
    help: "The configuration, a YAML file; Documentation/Recipes has some.",
    completion: .configurations)
  var config: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Override a key: --set rollout.prompts=8. May be given again and again.")
  var overrides: [String] = []

  /// Reads the configuration, and goes to the folder that its paths start from.
  ///
  /// - Parameters:
  ///   - keys: the components that the command reads.
  ///   - checkpoint: replaces the checkpoint that the configuration's policy names.
  func configuration(keys: [ComponentKey], checkpoint: String? = nil) throws -> RunConfiguration {
    let tree = try WorkingFolder.enter(for: config, overrides: overrides)
    return try RunConfiguration.checked(
      tree, keys: keys, checkpoint: checkpoint, host: Plugins.host)
  }

  /// Reads the configuration of a run that is to begin, and goes to the folder that its paths start from.
  ///
  /// - Parameter arms: the arms beside the configuration's own way; `nil`: those that it names.
  func runConfiguration(arms: [ArmChoice]? = nil) throws -> RunConfiguration {
    let tree = try WorkingFolder.enter(for: config, overrides: overrides)
    return try RunConfiguration.checked(tree, beginsRun: true, arms: arms, host: Plugins.host)
  }
}

/// Holds the options of all commands that train.
struct SessionOptions: ParsableArguments {
  @Flag(
    name: .shortAndLong,
    help: "Tell each plugin's version, digest and path, which run.yaml has too.")
  var verbose = false
}

/// Finds the plugins that every command knows.
enum Plugins {
  /// Makes a host that looks in the configuration's folders, then in the environment's, then beside
  /// the executable, then in the installation's.
  static func host(_ configured: [String] = []) -> PluginHost {
    host(PluginSettings(folders: configured))
  }

  /// The folder of the Python files that ship; `nil`: nothing could run them.
  private static func adaptors(for interpreter: String, from folder: String?) -> String? {
    let here = FileManager.default.currentDirectoryPath
    guard ExecutableFile.find(interpreter, seenFrom: here) != nil else { return nil }
    return PythonFolders.of("fulcrum", from: folder).last.map { $0 + "/adaptors" }
  }

  /// The surveyors by interpreter: each keeps what it learnt, for the hosts of one command ask alike.
  private static let surveyors = Mutex<[String: ProcessSurveyor]>([:])

  private static func surveyor(for interpreter: String) -> ProcessSurveyor {
    surveyors.withLock { surveyors in
      if let known = surveyors[interpreter] { return known }
      let surveyor = ProcessSurveyor(executable: "/proc/self/exe") { paths in
        PluginSurveyWorkerCommand.arguments(python: interpreter, paths: paths)
      }
      surveyors[interpreter] = surveyor
      return surveyor
    }
  }

  /// Makes the host of a configuration.
  static func host(_ settings: PluginSettings) -> PluginHost {
    let own = ProcessInfo.processInfo.environment
    let folder = PluginSearchPath.folderOfThisExecutable
    let environment = own["FULCRUM_PLUGIN_PATH"].map {
      $0.split(separator: ":").map { WorkingFolder.path(String($0)) }.joined(separator: ":")
    }
    return PluginHost(
      searchPath: PluginSearchPath(
        configured: settings.folders,
        environment: environment,
        executableFolder: folder,
        prefix: folder.map { ($0 as NSString).deletingLastPathComponent },
        adaptors: adaptors(for: settings.interpreter, from: folder)),
      formats: [
        SwiftLibraries(), ForeignLibraries(),
        PythonLibraries(
          PythonInterpreter(
            name: settings.interpreter, timeLimit: .seconds(settings.pythonTimeLimit),
            startLimit: .seconds(settings.pythonStartLimit))),
      ], surveyor: surveyor(for: settings.interpreter))
  }
}
