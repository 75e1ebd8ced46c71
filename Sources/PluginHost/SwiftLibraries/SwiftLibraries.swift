import Files
import FulcrumKernel

/// The format of plugins written in Swift: `libfulcrum-my-idea.so` with an entry function that
/// registers components.
package struct SwiftLibraries: LibraryFormat {
  private static let prefix = "libfulcrum-"

  package init() {}

  package var suffix: String { ".so" }

  package var kinds: Set<HostComponent.Kind> { Set(HostComponent.Kind.allCases) }

  package func fileName(of plugin: PluginName) -> String { Self.prefix + plugin.text + suffix }

  package func plugin(inFile fileName: String) -> PluginName? {
    guard fileName.hasPrefix(Self.prefix), fileName.hasSuffix(suffix) else { return nil }
    return PluginName(String(fileName.dropFirst(Self.prefix.count).dropLast(suffix.count)))
  }

  package func inspect(path: String) throws(FulcrumError) -> SwiftLibraryInspection {
    let contents = try FileSystem.plugin(at: path)
    return SwiftLibraryInspection(
      path: path, plugin: plugin(inFile: FileSystem.fileName(of: path)), bytes: contents.bytes,
      knownFaults: PluginFault.permissions(of: path, contents))
  }

  /// Maps the library and runs its entry function.
  package func load(
    _ inspection: SwiftLibraryInspection, from path: String
  ) throws(PluginFault) -> LoadedLibrary {
    guard let name = inspection.plugin, let stamp = inspection.stamp else {
      throw .damaged("it has neither name nor stamp")
    }
    let registrar = PluginRegistrar()
    try DynamicLibrary(path: path).callEntry(name.entrySymbol, registrar)
    return LoadedLibrary(
      version: registrar.pluginVersion ?? "",
      components: registrar.components.map(HostComponent.init),
      faults: faults(of: registrar, name), files: [.init("library", path: path)],
      notes: [
        .init(
          "built for",
          "kernel interface \(stamp.interfaceMajor).\(stamp.interfaceMinor), by \(stamp.compiler)")
      ])
  }

  /// Returns what is wrong with a registration as a whole.
  private func faults(of registrar: PluginRegistrar, _ name: PluginName) -> [PluginFault] {
    guard let registered = registrar.pluginName else {
      return [
        PluginFault(
          "its entry function never called PluginRegistrar.register",
          hint: "call it once, with the pointer that the entry function was given")
      ]
    }
    var faults: [PluginFault] = []
    if registered != name.text {
      faults.append(
        PluginFault(
          "the file is named for plugin '\(name)' but registers as '\(registered)'",
          hint: "give PluginRegistrar.register the name '\(name)'"))
    }
    if let failure = registrar.failure {
      let place = failure.location.map { "\($0): " } ?? ""
      faults.append(
        PluginFault(
          "its entry function failed: \(place)\(failure.message)",
          hint: failure.hint ?? "ask the plugin's author"))
    } else if registrar.components.isEmpty {
      faults.append(
        PluginFault(
          "it registers no components",
          hint: "add one within PluginRegistrar.register: $0.add(reward: …)"))
    }
    return faults
  }
}
