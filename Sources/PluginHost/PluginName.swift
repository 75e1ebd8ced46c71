/// A plugin's name, with the file name and the entry symbol that follow from it.
///
/// Lower-case letters, digits and hyphens, starting with a letter: `my-idea` is the file
/// `libfulcrum-my-idea.so` with the entry function `fulcrum_plugin_my_idea`, or the manifest
/// `my-idea.fulcrum.yaml` of a library that knows nothing of Fulcrum.
package struct PluginName: Sendable, Hashable, CustomStringConvertible {
  /// What every entry function's symbol starts with.
  package static let symbolPrefix = "fulcrum_plugin_"
  /// What a name must look like, for messages.
  package static let rule = "lower-case letters, digits and hyphens, starting with a letter"

  /// What the file name of every foreign library's manifest ends with.
  package static let manifestSuffix = ".fulcrum.yaml"

  private static let filePrefix = "libfulcrum-"
  private static let fileSuffix = ".so"

  /// The name as configurations write it.
  package let text: String

  /// `nil` if the text breaks the rule.
  package init?(_ text: String) {
    guard let first = text.utf8.first, Self.isLetter(first),
      text.utf8.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || $0 == UInt8(ascii: "-") })
    else { return nil }
    self.text = text
  }

  /// The name within `libfulcrum-<name>.so`; `nil` for any other file name.
  package init?(fileName: String) {
    guard fileName.hasPrefix(Self.filePrefix), fileName.hasSuffix(Self.fileSuffix) else {
      return nil
    }
    self.init(String(fileName.dropFirst(Self.filePrefix.count).dropLast(Self.fileSuffix.count)))
  }

  /// The name within `<name>.fulcrum.yaml`; `nil` for any other file name.
  package init?(manifestFileName fileName: String) {
    guard fileName.hasSuffix(Self.manifestSuffix) else { return nil }
    self.init(String(fileName.dropLast(Self.manifestSuffix.count)))
  }

  /// The name within `fulcrum_plugin_<name>`, underscores as hyphens; `nil` for other symbols.
  package init?(entrySymbol: String) {
    guard entrySymbol.hasPrefix(Self.symbolPrefix) else { return nil }
    let suffix = entrySymbol.dropFirst(Self.symbolPrefix.count)
    self.init(String(suffix.map { $0 == "_" ? "-" : $0 }))
  }

  /// The library's file name: `libfulcrum-my-idea.so`.
  package var fileName: String { Self.filePrefix + text + Self.fileSuffix }

  /// The manifest's file name, for a foreign library: `my-idea.fulcrum.yaml`.
  package var manifestFileName: String { text + Self.manifestSuffix }

  /// The entry function's symbol: `fulcrum_plugin_my_idea`, hyphens as underscores.
  package var entrySymbol: String {
    Self.symbolPrefix + String(text.map { $0 == "-" ? "_" : $0 })
  }

  /// The name itself.
  package var description: String { text }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
