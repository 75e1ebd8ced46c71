import Foundation
import FulcrumKernel

/// Makes a plugin out of a manifest and its library.
struct ForeignPlugin {
  let inspection: ForeignInspection
  let checker: ForeignChecker
  /// The plugins that were loaded before.
  let others: [LoadedPlugin]

  /// Has the examples run elsewhere, and then maps the library into this process.
  ///
  /// - Parameter faults: those that the host knows of beside the inspection's.
  /// - Throws: `.pluginRefused` with every fault.
  func open(_ canonical: String, faults: [PluginFault]) throws(FulcrumError) -> LoadedPlugin {
    var faults = inspection.faults + faults
    if let manifest = inspection.manifest,
      let fault = RegistrationCheck.clash(manifest.kind, manifest.manual.name, among: others)
    {
      faults.append(fault)
    }
    guard faults.isEmpty, let manifest = inspection.manifest, let files = inspection.files else {
      throw .refusal(of: inspection.path, faults)
    }
    let address: Address
    do throws(PluginFault) {
      // By the name that it was found under, which its target need not bear.
      try checker.check(manifest, at: inspection.path, digest: files.digest)
      address = Address(pointer: try manifest.load(files.library))
    } catch {
      throw .refusal(of: inspection.path, [error])
    }
    let component = HostComponent(kind: manifest.kind, manual: manifest.manual) {
      (parameters, context) throws(FulcrumError) in
      try manifest.component(address: address.pointer, edge: .pattern, parameters, context)
    }
    return LoadedPlugin(
      path: canonical, name: inspection.name, version: manifest.version, digest: files.digest,
      stamp: nil, components: [component], foreign: files)
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
