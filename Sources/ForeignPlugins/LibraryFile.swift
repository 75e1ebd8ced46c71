import Files
import FulcrumKernel
import PluginHost

/// The shared library that a manifest names, read but not loaded.
struct LibraryFile {
  /// The absolute path, symbolic links resolved.
  let path: String
  let bytes: [UInt8]
  /// The faults that keep the manifest's function from being called.
  let faults: [PluginFault]

  /// - Throws: the fault of a manifest whose library can't be read.
  init(of manifest: ForeignManifest, manifestPath: String) throws(PluginFault) {
    let given = manifest.library
    // The folder that the manifest truly lies in, whatever links lead to it.
    let base = FileSystem.folder(of: FileSystem.canonicalPath(manifestPath) ?? manifestPath)
    let full = given.hasPrefix("/") ? given : base + "/" + given
    let contents: FileSystem.Contents
    do throws(FulcrumError) {
      contents = try FileSystem.contents(of: full)
    } catch {
      throw PluginFault(
        "library '\(given)': \(error.message)",
        hint: "build it, or correct 'library': it is looked for at \(full)")
    }
    path = FileSystem.canonicalPath(full) ?? full
    bytes = contents.bytes
    var faults = PluginFault.permissions(of: full, contents)
    do throws(PluginFault) {
      let image = try ELFImage(contents.bytes)
      faults += image.formatFaults.map {
        PluginFault("library '\(given)': \($0.message)", hint: "build it for this machine")
      }
      faults += try Self.symbolFaults(of: image, manifest)
    } catch {
      faults.append(
        PluginFault(
          "library '\(given)': \(error.message)",
          hint: "name the shared library that the compiler made (-shared -fPIC)"))
    }
    self.faults = faults
  }

  /// Returns a fault if the library doesn't export the manifest's function.
  private static func symbolFaults(
    of image: ELFImage, _ manifest: ForeignManifest
  ) throws(PluginFault) -> [PluginFault] {
    let function = manifest.function
    let symbols = try image.dynamicSymbols(withPrefix: "").filter { $0.isDefined }
    if let own = symbols.first(where: { $0.name == function }) {
      return own.isFunction
        ? []
        : [
          PluginFault(
            "library '\(manifest.library)': its symbol '\(function)' is not a function",
            hint: "correct 'function'")
        ]
    }
    let functions = symbols.filter(\.isFunction).map(\.name)
    let hint: String
    if let mangled = functions.first(where: {
      $0.hasPrefix("_Z") && $0.contains("\(function.utf8.count)\(function)")
    }) {
      hint = "it exports '\(mangled)', the name as C++ writes it: declare the function extern \"C\""
    } else if let near = NearNames.of(function, among: functions).first {
      hint = "did you mean '\(near)'?"
    } else {
      hint = "export it under this name: extern \"C\" in C++, bind(C) in Fortran, no_mangle in Rust"
    }
    return [
      PluginFault("library '\(manifest.library)' exports no function '\(function)'", hint: hint)
    ]
  }
}
