import Digests
import Files
import FulcrumKernel

/// What a library's file says about itself, found without running any of its code.
package struct PluginInspection: Sendable {
  /// As it was given.
  package let path: String
  /// From the file name; the whole file name if that is not `libfulcrum-<name>.so`.
  package let name: String
  /// SHA-256 of the file, for a foreign library of the manifest's bytes followed by the library's;
  /// 64 lower-case hexadecimal digits, empty if a manifest's library can't be found.
  package let digest: String
  /// `nil` if it has none that can be read.
  package let stamp: PluginStamp?
  /// All that keeps it from being loaded, as far as the file can be understood; empty: it is sound.
  package let faults: [PluginFault]

  /// Reads a library or a foreign library's manifest and gathers its faults, among them a folder or file that anybody may write to:
  /// such a file could be another one by the time that the system maps it.
  ///
  /// - Throws: `.notFound` or `.inputOutput` if the file can't be read at all.
  package static func inspect(path: String) throws(FulcrumError) -> PluginInspection {
    if path.hasSuffix(PluginName.manifestSuffix) {
      return PluginInspection(try ForeignInspection.inspect(path: path))
    }
    let contents = try FileSystem.contents(of: path)
    return PluginInspection(
      path: path, bytes: contents.bytes, knownFaults: permissionFaults(of: path, contents))
  }

  /// What a manifest and its library say.
  private init(_ foreign: ForeignInspection) {
    path = foreign.path
    name = foreign.name
    digest = foreign.files?.digest ?? ""
    stamp = nil
    faults = foreign.faults
  }

  /// That anybody may write to a file, or to a folder that it is reached by.
  static func permissionFaults(
    of path: String, _ contents: FileSystem.Contents
  ) -> [PluginFault] {
    var faults: [PluginFault] = []
    var folders = [FileSystem.folder(of: path)]
    if let target = FileSystem.canonicalPath(path).map(FileSystem.folder(of:)),
      target != FileSystem.canonicalPath(folders[0])
    {
      folders.append(target)
    }
    for folder in folders where FileSystem.isWorldWritable(folder) {
      faults.append(
        PluginFault(
          "anybody may write to its folder \(folder)", hint: "run: chmod o-w '\(folder)'"))
    }
    if contents.isWorldWritable {
      faults.append(
        PluginFault("anybody may write to the file", hint: "run: chmod o-w '\(path)'"))
    }
    return faults
  }

  /// Gathers the faults of a library's bytes.
  ///
  /// - Parameters:
  ///   - path: whose last part is the library's file name; nothing is read from it.
  ///   - knownFaults: those that are known already, named first.
  package init(path: String, bytes: [UInt8], knownFaults: [PluginFault] = []) {
    self.path = path
    digest = FileDigest.sha256(of: bytes)
    let fileName = FileSystem.fileName(of: path)
    let pluginName = PluginName(fileName: fileName)
    name = pluginName?.text ?? fileName

    var faults = knownFaults
    if pluginName == nil {
      faults.append(
        PluginFault(
          "expected a file name libfulcrum-<name>.so, got \(fileName)",
          hint: "a plugin's name is " + PluginName.rule))
    }
    var stamp: PluginStamp?
    do throws(PluginFault) {
      let image = try ELFImage(bytes)
      faults += Self.formatFaults(of: image)
      faults += Self.symbolFaults(of: image, name: pluginName)
      do throws(PluginFault) {
        let read = try PluginStamp(of: image)
        faults += read.faults
        stamp = read
      } catch {
        faults.append(error)
      }
    } catch {
      faults.append(error)
    }
    self.stamp = stamp
    self.faults = faults
  }

  static func formatFaults(of image: ELFImage) -> [PluginFault] {
    var faults: [PluginFault] = []
    if image.type != ELFImage.dynamicLibrary {
      faults.append(
        PluginFault(
          "expected a dynamic library (ELF type 3), got ELF type \(image.type)",
          hint: "build the plugin's product with type: .dynamic"))
    }
    if image.machine != Machine.current {
      faults.append(
        PluginFault(
          "built for \(Machine.name(image.machine)), this host runs on "
            + Machine.name(Machine.current),
          hint: "build the plugin on this machine"))
    }
    return faults
  }

  private static func symbolFaults(of image: ELFImage, name: PluginName?) -> [PluginFault] {
    var faults: [PluginFault] = []
    do throws(PluginFault) {
      if let name, let fault = try entryFault(of: image, name: name) { faults.append(fault) }
      // The descriptor of the class that crosses the boundary first: whoever defines it holds a
      // second kernel, whose types are not this process's.
      let kernelClass = "$s13FulcrumKernel15PluginRegistrarCMn"
      if try image.dynamicSymbols(withPrefix: kernelClass).contains(where: \.isDefined) {
        faults.append(
          PluginFault(
            "it holds a copy of the kernel of its own",
            hint: "depend on the kernel package's product FulcrumKernel, a library that host and "
              + "plugins share"))
      }
    } catch {
      faults.append(error)
    }
    return faults
  }

  private static func entryFault(
    of image: ELFImage, name: PluginName
  ) throws(PluginFault) -> PluginFault? {
    let candidates = try image.dynamicSymbols(withPrefix: PluginName.symbolPrefix)
      .filter(\.isDefined)
    if let entry = candidates.first(where: { $0.name == name.entrySymbol }) {
      return entry.isFunction
        ? nil
        : PluginFault(
          "its symbol \(name.entrySymbol) is not a function",
          hint: "export the entry function under this symbol, by @c(\(name.entrySymbol))")
    }
    let others = candidates.filter(\.isFunction)
      .compactMap { PluginName(entrySymbol: $0.name) }.sorted { $0.text < $1.text }
    guard let other = others.first else {
      return PluginFault(
        "it exports no entry function \(name.entrySymbol)",
        hint: "write one: @c(\(name.entrySymbol)) public func …(_ host: UnsafeMutableRawPointer)")
    }
    return PluginFault(
      "the file is named for plugin '\(name)' but holds plugin "
        + others.map { "'\($0)'" }.joined(separator: ", "),
      hint: "name the file \(other.fileName), or the entry function \(name.entrySymbol)")
  }
}
