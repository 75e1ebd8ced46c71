import FulcrumKernel
import PluginHost
import YAML
import Yams

/// Categories of words, in order, which Fig. 5 counts in completions.
///
/// They are written in YAML: each category's name with a list of words, or of phrases of words in a row;
/// `*` at the end of a word stands for any ending, none included.
/// - Source: arXiv 2505.12929, Fig. 5. The paper's own lists are not public.
package struct WordLists: Sendable, Equatable {
  /// A whole word, or its beginning.
  package struct Pattern: Sendable, Equatable {
    /// The word in lower case, without the star.
    package let text: String
    let isBeginning: Bool

    func matches(_ word: String) -> Bool {
      isBeginning ? word.hasPrefix(text) : word == text
    }
  }

  package struct Category: Sendable, Equatable {
    package let name: String
    /// Single words, and phrases of several; none is empty.
    package let phrases: [[Pattern]]
  }

  /// The lists' origin: `built in`, or the file's path.
  package let source: String
  package let categories: [Category]

  /// Returns the lists that Fulcrum comes with.
  package static func builtIn() throws(FulcrumError) -> WordLists {
    try WordLists(text: BuiltInWords.yaml, source: BuiltInWords.name)
  }

  /// - Throws: `.notFound` for a file that can't be read; `.configuration`, with the line, for one
  ///   that is no lists of words.
  package init(file: String) throws(FulcrumError) {
    let text = try YAMLText.read(
      file,
      missing: FulcrumError(
        .notFound, "expected a readable file with lists of words, found none", at: file,
        hint: "'fulcrum microscope --print-words' prints the built-in lists, to be changed"))
    try self.init(text: text, source: file)
  }

  /// - Parameter source: the text's origin, for messages and reports.
  package init(text: String, source: String) throws(FulcrumError) {
    self.source = source
    let root = try YAMLText.compose(text, file: source)
    guard let mapping = root?.mapping, !mapping.isEmpty else {
      throw Self.refuse(
        root, in: source, "expected categories with lists of words, got \(Self.kind(of: root))")
    }
    var categories: [Category] = []
    /// The category of each entry.
    var known: [String: String] = [:]
    for (key, value) in mapping {
      guard let name = key.string, !name.isEmpty else {
        throw Self.refuse(
          key, in: source, "expected a category's name, got \(Self.kind(of: key))")
      }
      guard let entries = value.sequence, !entries.isEmpty else {
        throw Self.refuse(
          value, in: source,
          "expected a list of words for '\(name)', got \(Self.kind(of: value))")
      }
      var phrases: [[Pattern]] = []
      for entry in entries {
        guard let scalar = entry.scalar else {
          throw Self.refuse(
            entry, in: source,
            "expected a word or phrase for '\(name)', got \(Self.kind(of: entry))")
        }
        guard let phrase = Self.phrase(scalar.string) else {
          throw Self.refuse(
            entry, in: source,
            "expected a word, or words with white space between them, for '\(name)', got"
              + " '\(scalar.string)'",
            hint: "a word is of letters, digits and apostrophes within; * may only be its end")
        }
        let text = phrase.map { $0.text + ($0.isBeginning ? "*" : "") }.joined(separator: " ")
        if let other = known.updateValue(name, forKey: text) {
          throw Self.refuse(
            entry, in: source,
            "expected every word once, got '\(scalar.string)' for '\(name)' and before for"
              + " '\(other)'", hint: "remove one of the two")
        }
        phrases.append(phrase)
      }
      categories.append(Category(name: name, phrases: phrases))
    }
    self.categories = categories
  }

  /// - Returns: `nil` for what is no word and no phrase.
  private static func phrase(_ text: String) -> [Pattern]? {
    var phrase: [Pattern] = []
    for piece in text.unicodeScalars.split(whereSeparator: WordStream.joins) {
      var piece = String(piece)
      let isBeginning = piece.last == "*"
      if isBeginning { piece.removeLast() }
      let words = Array(WordStream(piece))
      // Nothing but the word: apostrophes at its ends, say, would never match.
      guard words.count == 1, words[0].text.count == piece.count else { return nil }
      phrase.append(Pattern(text: words[0].text, isBeginning: isBeginning))
    }
    return phrase.isEmpty ? nil : phrase
  }

  private static func refuse(
    _ node: Node?, in source: String, _ message: String, hint: String? = nil
  ) -> FulcrumError {
    FulcrumError(
      .configuration, message, at: node?.mark.map { "\(source):\($0.line)" } ?? source,
      hint: hint
        ?? "for instance 'Conclusion: [therefore, conclud*, as a result]';"
        + " 'fulcrum microscope --print-words' prints the built-in lists")
  }

  private static func kind(of node: Node?) -> String {
    guard let node else { return "nothing" }
    if let scalar = node.scalar { return scalar.string.isEmpty ? "nothing" : "a single value" }
    if let entries = node.sequence { return entries.isEmpty ? "an empty list" : "a list" }
    return node.mapping?.isEmpty == true ? "no key" : "keys with values"
  }
}
