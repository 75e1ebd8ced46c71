import FulcrumKernel

/// The stamp that says what a plugin was built with: the 256 bytes of its ELF section `fulcrum`.
///
/// - Source: `struct fulcrum_stamp` of the kernel package, little endian: magic (8 bytes), format,
///   interface major and minor (4 bytes each), the compiler's name (236 bytes, NUL-terminated).
struct PluginStamp: Sendable {
  /// The kernel interface's major number: a host needs an equal one.
  let interfaceMajor: Int
  /// The kernel interface's minor number: a host needs an equal or smaller one.
  let interfaceMinor: Int
  /// The exact revision of the toolchain.
  let compiler: String

  static let section = "fulcrum"

  private static let size = 256
  private static let magic = Array("FULCRUM".utf8) + [0]
  private static let format: UInt32 = 1
  private static let rebuild = "rebuild the plugin against this host's kernel"

  /// Reads the stamp of a library.
  ///
  /// - Throws: a fault if there is none, or it is not of the format that this host reads.
  init(of image: ELFImage) throws(PluginFault) {
    guard let section = image.sections.first(where: { $0.name == Self.section }) else {
      throw PluginFault(
        "it has no section 'fulcrum', the stamp that every plugin carries",
        hint: "add the product FulcrumStamp of the kernel package to the plugin's target")
    }
    let start = section.range.lowerBound
    let end = section.range.upperBound
    guard section.range.count == Self.size else {
      throw PluginFault(
        "expected a stamp of \(Self.size) bytes, got \(section.range.count)", hint: Self.rebuild)
    }
    guard image.bytes.hasPrefix(Self.magic, at: start, before: end) else {
      throw PluginFault("its section 'fulcrum' doesn't start with FULCRUM", hint: Self.rebuild)
    }
    guard let format = image.bytes.read(UInt32.self, at: start + 8), format == Self.format,
      let major = image.bytes.read(UInt32.self, at: start + 12),
      let minor = image.bytes.read(UInt32.self, at: start + 16),
      let compiler = image.bytes.text(at: start + 20, before: end)
    else {
      let got = image.bytes.read(UInt32.self, at: start + 8) ?? 0
      throw got == Self.format
        ? .damaged("the stamp's compiler has no end")
        : PluginFault(
          "expected a stamp of format \(Self.format), got format \(got)", hint: Self.rebuild)
    }
    interfaceMajor = Int(major)
    interfaceMinor = Int(minor)
    self.compiler = compiler
  }

  /// The faults that keep a plugin with this stamp from working with this process's kernel.
  var faults: [PluginFault] {
    var faults: [PluginFault] = []
    let interface = "\(interfaceMajor).\(interfaceMinor)"
    let own = "\(KernelInterface.major).\(KernelInterface.minor)"
    if interfaceMajor != KernelInterface.major {
      faults.append(
        PluginFault(
          "built for kernel interface \(interface), this host has \(own)", hint: Self.rebuild))
    } else if interfaceMinor > KernelInterface.minor {
      faults.append(
        PluginFault(
          "built for kernel interface \(interface), this host has the older \(own)",
          hint: "update the host, or " + Self.rebuild))
    }
    if compiler != KernelInterface.compiler {
      faults.append(
        PluginFault(
          "built by '\(compiler)', this host by '\(KernelInterface.compiler)'",
          hint: "rebuild the plugin with the host's toolchain: Swift's binary interface differs "
            + "from one to the next"))
    }
    return faults
  }
}
