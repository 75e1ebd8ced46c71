/// A plugin's name: lower-case letters, digits and hyphens, starting with a letter.
///
/// The names of its file and, in a Swift library, of its entry function follow from it: `my-idea` is
/// the file `libfulcrum-my-idea.so` with the function `fulcrum_plugin_my_idea`.
package struct PluginName: Sendable, Hashable, CustomStringConvertible {
  /// The rule that a name keeps, for messages.
  package static let rule = "lower-case letters, digits and hyphens, starting with a letter"

  /// The name as configurations write it.
  package let text: String

  /// `nil` if the text breaks the rule.
  package init?(_ text: String) {
    guard let first = text.utf8.first, Self.isLetter(first),
      text.utf8.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || $0 == UInt8(ascii: "-") })
    else { return nil }
    self.text = text
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

extension PluginName {
  /// The beginning of every entry function's symbol.
  static let symbolPrefix = "fulcrum_plugin_"

  /// The name within `fulcrum_plugin_<name>`, underscores as hyphens; `nil` for other symbols.
  init?(entrySymbol: String) {
    guard entrySymbol.hasPrefix(Self.symbolPrefix) else { return nil }
    let suffix = entrySymbol.dropFirst(Self.symbolPrefix.count)
    self.init(String(suffix.map { $0 == "_" ? "-" : $0 }))
  }

  /// The entry function's symbol: `fulcrum_plugin_my_idea`, hyphens as underscores.
  package var entrySymbol: String {
    Self.symbolPrefix + String(text.map { $0 == "-" ? "_" : $0 })
  }
}
