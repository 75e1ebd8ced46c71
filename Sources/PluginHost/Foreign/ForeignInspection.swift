import Digests
import Files
import FulcrumKernel
import YAML

/// What a manifest and its library's file say, found without running any of its code.
struct ForeignInspection {
  /// As it was given.
  let path: String
  /// From the file name.
  let name: String
  /// `nil` if it can't be read.
  let manifest: ForeignManifest?
  /// The library's absolute path, symbolic links resolved; `nil` if there is no such file.
  let library: String?
  let files: ForeignFiles?
  /// All that keeps it from being loaded; empty: its examples may be run.
  let faults: [PluginFault]

  /// - Throws: `.notFound` or `.inputOutput` if the manifest can't be read at all.
  static func inspect(path: String) throws(FulcrumError) -> ForeignInspection {
    let contents = try FileSystem.contents(of: path)
    var faults = PluginInspection.permissionFaults(of: path, contents)
    let fileName = FileSystem.fileName(of: path)
    guard let name = PluginName(manifestFileName: fileName) else {
      faults.append(
        PluginFault(
          "expected a file name <name>\(PluginName.manifestSuffix), got \(fileName)",
          hint: "a plugin's name is " + PluginName.rule))
      return ForeignInspection(
        path: path, name: fileName, manifest: nil, library: nil, files: nil, faults: faults)
    }
    let manifest: ForeignManifest
    do throws(PluginFault) {
      manifest = try read(contents.bytes, path: path, name: name.text)
    } catch {
      return ForeignInspection(
        path: path, name: name.text, manifest: nil, library: nil, files: nil,
        faults: faults + [error])
    }
    let (library, files, libraryFaults) = inspectLibrary(of: manifest, path, contents.bytes)
    return ForeignInspection(
      path: path, name: name.text, manifest: manifest, library: library, files: files,
      faults: faults + libraryFaults)
  }

  private static func read(
    _ bytes: [UInt8], path: String, name: String
  ) throws(PluginFault) -> ForeignManifest {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PluginFault("expected UTF-8 text, got other bytes", hint: "a manifest is YAML")
    }
    var tree: ConfigurationTree?
    do throws(FulcrumError) {
      let read = try ConfigurationTree(text: text, file: path)
      tree = read
      return try ForeignManifest(read, name: name)
    } catch {
      // The refusal says the file's path; here goes the line.
      let place = error.location.flatMap { $0.hasPrefix(path) ? nil : $0 }
      let line = place.flatMap { tree?.line(of: $0) }.map { "line \($0): " } ?? ""
      throw PluginFault(
        line + (place.map { "\($0): " } ?? "") + error.message,
        hint: error.hint ?? "Documentation/ForeignPlugins.md says what a manifest holds")
    }
  }

  private static func inspectLibrary(
    of manifest: ForeignManifest, _ path: String, _ manifestBytes: [UInt8]
  ) -> (String?, ForeignFiles?, [PluginFault]) {
    let given = manifest.library
    // The folder that the manifest truly lies in, whatever links lead to it.
    let base = FileSystem.folder(of: FileSystem.canonicalPath(path) ?? path)
    let full = given.hasPrefix("/") ? given : base + "/" + given
    let contents: FileSystem.Contents
    do throws(FulcrumError) {
      contents = try FileSystem.contents(of: full)
    } catch {
      let fault = PluginFault(
        "library '\(given)': \(error.message)",
        hint: "build it, or correct 'library': it is looked for at \(full)")
      return (nil, nil, [fault])
    }
    var faults = PluginInspection.permissionFaults(of: full, contents)
    do throws(PluginFault) {
      let image = try ELFImage(contents.bytes)
      faults += PluginInspection.formatFaults(of: image).map {
        PluginFault("library '\(given)': \($0.message)", hint: "build it for this machine")
      }
      faults += try symbolFaults(of: image, manifest)
    } catch {
      faults.append(
        PluginFault(
          "library '\(given)': \(error.message)",
          hint: "name the shared library that the compiler made (-shared -fPIC)"))
    }
    let files = ForeignFiles(
      library: FileSystem.canonicalPath(full) ?? full,
      libraryDigest: FileDigest.sha256(of: contents.bytes),
      manifestDigest: FileDigest.sha256(of: manifestBytes),
      digest: FileDigest.sha256(of: manifestBytes + contents.bytes), function: manifest.prototype)
    return (files.library, files, faults)
  }

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

/// The two files of a foreign plugin and their digests.
package struct ForeignFiles: Sendable {
  /// The library's absolute path, symbolic links resolved.
  package let library: String
  /// SHA-256 of the library.
  package let libraryDigest: String
  /// SHA-256 of the manifest.
  package let manifestDigest: String
  /// SHA-256 of the manifest's bytes followed by the library's: what a configuration pins.
  ///
  /// The library starts with the four bytes of ELF, which no manifest can hold, so that only one
  /// pair of files has these bytes.
  let digest: String
  /// The function in C.
  package let function: String
}
