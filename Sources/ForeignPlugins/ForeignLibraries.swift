import Files
import Foundation
import FulcrumKernel
import PluginHost

/// The format of C functions that know nothing of Fulcrum: a manifest `my-idea.fulcrum.yaml` names
/// the library and says how its function is called.
package struct ForeignLibraries: LibraryFormat {
  private let checker: ForeignChecker

  /// - Parameters:
  ///   - program: the file of `fulcrum`, which runs the examples of manifests; `nil`: there is
  ///     none, so nothing can be loaded.
  ///   - timeout: for all examples of a manifest together.
  package init(
    program: String? = PluginSearchPath.folderOfThisExecutable.map { $0 + "/fulcrum" },
    timeout: Duration = .seconds(10)
  ) {
    checker = ForeignChecker(program: program, timeout: timeout)
  }

  package var suffix: String { ".fulcrum.yaml" }

  package var kinds: Set<HostComponent.Kind> { Set(ForeignManifest.kinds) }

  package func inspect(path: String) throws(FulcrumError) -> ForeignInspection {
    try ForeignInspection(path: path, plugin: plugin(inFile: FileSystem.fileName(of: path)))
  }

  /// Has the examples run elsewhere, and then maps the library into this process.
  package func load(
    _ inspection: ForeignInspection, from path: String
  ) throws(PluginFault) -> LoadedLibrary {
    guard let manifest = inspection.manifest, let digest = inspection.digest,
      let library = inspection.library
    else {
      throw PluginFault(
        "neither its manifest nor its library is known", hint: "inspect it before it is loaded")
    }
    // By the name that it was found under, which its target need not bear.
    try checker.check(manifest, at: inspection.path, digest: digest)
    let address = Address(pointer: try manifest.load(library.path))
    let component = HostComponent(kind: manifest.kind, manual: manifest.manual) {
      (parameters, context) throws(FulcrumError) in
      try manifest.component(address: address.pointer, edge: .pattern, parameters, context)
    }
    return LoadedLibrary(
      version: manifest.version, components: [component],
      files: [
        .init("manifest", path: path, digest: inspection.manifestDigest),
        .init("library", path: library.path, digest: library.digest),
      ],
      notes: [.init("calls", manifest.prototype)])
  }

  /// A function in a library that stays mapped until the process ends.
  private struct Address: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }
}

extension ForeignManifest {
  /// Maps the library and finds the function. The rounding mode and the handling of tiny numbers
  /// stay as they are: libraries built with -ffast-math change them for the whole program.
  func load(_ library: String) throws(PluginFault) -> UnsafeMutableRawPointer {
    var environment = fenv_t()
    fegetenv(&environment)
    defer { fesetenv(&environment) }
    return try DynamicLibrary(path: library).address(of: function)
  }
}
