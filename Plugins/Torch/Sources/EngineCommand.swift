import Files
import Foundation
import FulcrumKernel
import Wire

/// Works out how the engine's process is started.
enum EngineCommand {
  /// The Python package that is run.
  private static let module = "fulcrum_engine"

  static func description(_ parameters: Parameters) throws(FulcrumError) -> WiredProgram.Description
  {
    var description = WiredProgram.Description(
      name: "the engine", location: TorchPolicy.manual.name, command: try command(parameters))
    description.environment = environment
    let listen = try parameters.text("listen")
    description.host = listen.isEmpty ? nil : listen
    description.startLimit = .seconds(try parameters.number("start-limit"))
    description.callLimit = .seconds(try parameters.number("time-limit"))
    return description
  }

  private static func command(_ parameters: Parameters) throws(FulcrumError) -> [String] {
    let python = try parameters.text("python")
    let folder = FileManager.default.currentDirectoryPath
    let isThere = ExecutableFile.find(python, seenFrom: folder) != nil
    var launch = try parameters.texts("launch")
    // A launcher may find another interpreter on its machines.
    guard isThere || !launch.isEmpty else {
      throw parameters.refuse(
        "python", "expected a Python interpreter, found none at '\(python)'",
        hint: "give the path of one that has torch and transformers: .venv/bin/python")
    }
    if let name = launch.first?.split(separator: "/").last, name == "torchrun",
      !launch.contains("--no-python")
    {
      // torchrun takes a script for Python to run, unless it is told otherwise.
      launch.append("--no-python")
    }
    return launch + [python, "-m", module]
  }

  /// The variables that the process gets beside the host's.
  private static var environment: [String: String] {
    var environment = ["HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"]
    environment["PYTHONPATH"] = PythonFolders.path(packageFolders)
    return environment
  }

  /// The folders of the engine's packages, in the source tree or in an installation, seen from this library.
  /// None: the interpreter has them.
  private static var packageFolders: [String] {
    PythonFolders.of(
      module, in: ["Plugins/Torch/Engine", "Python"], from: LoadedFile.path(at: #dsohandle))
  }
}
