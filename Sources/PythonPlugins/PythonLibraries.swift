import Files
import Foundation
import FulcrumKernel
import JSON
import PluginHost
import Wire

/// The format of Python files: `my-idea.py` is the plugin `my-idea`.
///
/// The file runs in a process of its own, from the moment when the plugin is loaded until nobody holds
/// its components any more. Nothing of it ever runs in the host.
package struct PythonLibraries: LibraryFormat {
  private let interpreter: PythonInterpreter

  package init(_ interpreter: PythonInterpreter) { self.interpreter = interpreter }

  package var suffix: String { ".py" }

  package var kinds: Set<HostComponent.Kind> { Set(PythonManual.kinds) }

  package func inspect(path: String) throws(FulcrumError) -> PythonInspection {
    try PythonInspection(path: path, plugin: plugin(inFile: FileSystem.fileName(of: path)))
  }

  /// Starts the process, and asks it for the manuals of what the file registers.
  package func load(
    _ inspection: PythonInspection, from path: String
  ) throws(PluginFault) -> LoadedLibrary {
    do throws(FulcrumError) {
      let program = try PythonProgram(path, plugin: inspection.name, interpreter)
      let frame = try program.call("describe")
      let components = try PythonManual.components(
        program.json(frame, "components", of: "describe"), of: program)
      return LoadedLibrary(
        version: frame["version"]?.text ?? "0", components: components,
        files: [.init("file", path: path)],
        notes: [.init("runs in", interpreter.name)])
    } catch {
      throw PluginFault(
        error.message, hint: error.hint ?? "Documentation/PythonPlugins.md says what a file holds")
    }
  }
}
