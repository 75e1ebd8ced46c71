extension ELFImage {
  /// One entry of the table that other libraries and `dlsym` see.
  package struct Symbol: Sendable {
    package let name: String
    /// Whether the library holds the symbol; `false`: it needs it from another.
    package let isDefined: Bool
    package let isFunction: Bool
  }

  private static let dynamicSymbolTable: UInt32 = 11
  private static let stringTable: UInt32 = 3
  private static let symbolSize = 24

  /// Returns the dynamic symbols whose names start with `prefix`, in the file's order.
  ///
  /// - Throws: a fault if there is no such table or it is damaged.
  /// - Complexity: O(symbols · prefix).
  package func dynamicSymbols(withPrefix prefix: String) throws(PluginFault) -> [Symbol] {
    guard let table = sections.first(where: { $0.type == Self.dynamicSymbolTable }) else {
      throw PluginFault(
        "it has no table of dynamic symbols, so it exports no entry function",
        hint: "build the plugin as a dynamic library, and don't strip its section headers")
    }
    guard table.entrySize == Self.symbolSize, table.range.count.isMultiple(of: Self.symbolSize)
    else { throw .damaged("its dynamic symbols don't have 24 bytes each") }
    guard table.link < sections.count, sections[table.link].type == Self.stringTable else {
      throw .damaged("its dynamic symbols have no table of names")
    }

    let names = sections[table.link].range
    let wanted = Array(prefix.utf8)
    var symbols: [Symbol] = []
    for entry in stride(from: table.range.lowerBound, to: table.range.upperBound, by: 24) {
      guard let nameOffset = bytes.read(UInt32.self, at: entry),
        let info = bytes.read(UInt8.self, at: entry + 4),
        let section = bytes.read(UInt16.self, at: entry + 6)
      else { throw .damaged("its dynamic symbols can't be read") }
      let start = names.lowerBound + Int(nameOffset)
      guard bytes.hasPrefix(wanted, at: start, before: names.upperBound) else { continue }
      guard let name = bytes.text(at: start, before: names.upperBound) else {
        throw .damaged("the name of a dynamic symbol can't be read")
      }
      // The high half of `info` is the binding (0: local), the low one the type (2: function,
      // 10: function chosen when the library is loaded).
      symbols.append(
        Symbol(
          name: name, isDefined: section != 0 && info >> 4 != 0,
          isFunction: [2, 10].contains(info & 0xF)))
    }
    return symbols
  }
}
