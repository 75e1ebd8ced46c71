import Digests
import Files
import FulcrumKernel

/// The findings on the file of a Swift library.
package struct SwiftLibraryInspection: LibraryInspection {
  package let path: String
  /// The plugin's name; `nil` if the file's name is none.
  let plugin: PluginName?
  package let digest: String?
  /// The interface and compiler that the library was built with; `nil` if it has no sound stamp.
  let stamp: PluginStamp?
  package let faults: [PluginFault]

  package var name: String { plugin?.text ?? FileSystem.fileName(of: path) }

  package var announced: [(kind: HostComponent.Kind, name: String)] { [] }

  package var summary: String {
    stamp.map { "kernel interface \($0.interfaceMajor).\($0.interfaceMinor)" } ?? ""
  }

  /// Gathers the faults of a library's bytes.
  ///
  /// - Parameters:
  ///   - path: for messages; nothing is read from it.
  ///   - knownFaults: those that are known already, named first.
  init(path: String, plugin: PluginName?, bytes: [UInt8], knownFaults: [PluginFault]) {
    self.path = path
    self.plugin = plugin
    digest = FileDigest.sha256(of: bytes)

    var faults = knownFaults
    if plugin == nil { faults.append(.fileName(of: path, pattern: "libfulcrum-<name>.so")) }
    var stamp: PluginStamp?
    do throws(PluginFault) {
      let image = try ELFImage(bytes)
      faults += image.formatFaults
      faults += Self.symbolFaults(of: image, name: plugin)
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

  /// Returns what is wrong with what the library exports.
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
      hint:
        "name the file \(SwiftLibraries().fileName(of: other)), or the entry function \(name.entrySymbol)"
    )
  }
}
