/// A 64-bit little-endian ELF file, read from its bytes without loading it.
///
/// - Source: System V ABI, chapters 4 and 5 ("Object files"); `elf.h` for the numbers.
package struct ELFImage: Sendable {
  /// One entry of the section header table.
  struct Section: Sendable {
    let name: String
    let type: UInt32
    /// The bytes of the file that are its contents.
    let range: Range<Int>
    /// The number of a related section: a symbol table's string table.
    let link: Int
    /// The bytes in each entry of a table.
    let entrySize: Int
  }

  /// The kind of file: `dynamicLibrary` is the one that can be loaded.
  let type: UInt16
  /// The processor that the file was built for.
  let machine: UInt16
  let sections: [Section]
  let bytes: LittleEndianBytes

  static let dynamicLibrary: UInt16 = 3

  private static let headerSize = 64
  private static let programHeaderSize = 56
  private static let sectionHeaderSize = 64
  private static let loadableSegment: UInt32 = 1
  private static let unusedSection: UInt32 = 0
  private static let sectionWithoutBytes: UInt32 = 8

  /// Reads the headers and checks that all they speak of lies inside the file.
  ///
  /// - Throws: the fault that keeps the file from being read at all.
  package init(_ contents: [UInt8]) throws(PluginFault) {
    bytes = LittleEndianBytes(bytes: contents)
    try Self.checkIdentification(bytes)
    guard let type = bytes.read(UInt16.self, at: 16), let machine = bytes.read(UInt16.self, at: 18),
      bytes.count >= Self.headerSize
    else {
      throw .damaged("an ELF header has 64 bytes, the file has \(bytes.count)")
    }
    self.type = type
    self.machine = machine
    try Self.checkSegments(bytes)
    sections = try Self.readSections(bytes)
  }

  private static func checkIdentification(_ bytes: LittleEndianBytes) throws(PluginFault) {
    guard bytes.hasPrefix([0x7F] + Array("ELF".utf8), at: 0, before: bytes.count) else {
      throw PluginFault(
        "not an ELF file, which a shared library on this system is",
        hint: "give the library that the build made, libfulcrum-<name>.so")
    }
    guard let width = bytes.read(UInt8.self, at: 4), let order = bytes.read(UInt8.self, at: 5)
    else { throw .damaged("it ends within its first 6 bytes") }
    guard width == 2 else {
      throw PluginFault(
        "expected a 64-bit library, got ELF class \(width)",
        hint: "build the plugin for this machine")
    }
    guard order == 1 else {
      throw PluginFault(
        "expected a little-endian library, got ELF data encoding \(order)",
        hint: "build the plugin for this machine")
    }
  }

  /// Every loadable segment must lie inside the file, or mapping it would end in a bus error.
  private static func checkSegments(_ bytes: LittleEndianBytes) throws(PluginFault) {
    guard let table = bytes.readSize(at: 32), let count = bytes.read(UInt16.self, at: 56),
      let entrySize = bytes.read(UInt16.self, at: 54), count > 0,
      Int(entrySize) == programHeaderSize,
      bytes.contains(offset: table, length: Int(count) * programHeaderSize)
    else { throw .damaged("its program headers don't lie inside it") }
    for number in 0..<Int(count) {
      let header = table + number * programHeaderSize
      guard bytes.read(UInt32.self, at: header) == loadableSegment else { continue }
      guard let offset = bytes.readSize(at: header + 8),
        let length = bytes.readSize(at: header + 32),
        bytes.contains(offset: offset, length: length)
      else { throw .damaged("segment \(number) doesn't lie inside it") }
    }
  }

  private static func readSections(_ bytes: LittleEndianBytes) throws(PluginFault) -> [Section] {
    guard let table = bytes.readSize(at: 40), let count = bytes.read(UInt16.self, at: 60),
      let entrySize = bytes.read(UInt16.self, at: 58),
      let namesNumber = bytes.read(UInt16.self, at: 62), count > 0, namesNumber < count,
      Int(entrySize) == sectionHeaderSize,
      bytes.contains(offset: table, length: Int(count) * sectionHeaderSize)
    else { throw .damaged("its section headers don't lie inside it") }

    let names = try contents(
      of: table + Int(namesNumber) * sectionHeaderSize, number: Int(namesNumber), in: bytes)
    var sections: [Section] = []
    sections.reserveCapacity(Int(count))
    for number in 0..<Int(count) {
      let header = table + number * sectionHeaderSize
      guard let nameOffset = bytes.read(UInt32.self, at: header),
        let type = bytes.read(UInt32.self, at: header + 4),
        let link = bytes.read(UInt32.self, at: header + 40),
        let entrySize = bytes.readSize(at: header + 56)
      else { throw .damaged("section header \(number) can't be read") }
      let isInFile = type != unusedSection && type != sectionWithoutBytes
      let range = isInFile ? try contents(of: header, number: number, in: bytes) : 0..<0
      // The names lie inside the file and the offset has 32 bits, so the sum can't overflow.
      guard let name = bytes.text(at: names.lowerBound + Int(nameOffset), before: names.upperBound)
      else { throw .damaged("the name of section \(number) can't be read") }
      sections.append(
        Section(name: name, type: type, range: range, link: Int(link), entrySize: entrySize))
    }
    return sections
  }

  /// Returns the bytes of the file that a section header speaks of.
  private static func contents(
    of header: Int, number: Int, in bytes: LittleEndianBytes
  ) throws(PluginFault) -> Range<Int> {
    guard let offset = bytes.readSize(at: header + 24), let size = bytes.readSize(at: header + 32),
      bytes.contains(offset: offset, length: size)
    else { throw .damaged("section \(number) doesn't lie inside it") }
    return offset..<offset + size
  }
}

extension ELFImage {
  /// The faults that keep this machine from mapping it.
  package var formatFaults: [PluginFault] {
    var faults: [PluginFault] = []
    if type != Self.dynamicLibrary {
      faults.append(
        PluginFault(
          "expected a dynamic library (ELF type 3), got ELF type \(type)",
          hint: "build the plugin's product with type: .dynamic"))
    }
    if machine != Machine.current {
      faults.append(
        PluginFault(
          "built for \(Machine.name(machine)), this host runs on "
            + Machine.name(Machine.current),
          hint: "build the plugin on this machine"))
    }
    return faults
  }
}
