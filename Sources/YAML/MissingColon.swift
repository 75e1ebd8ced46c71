/// Recognises a key and its value that have no ': ' between them: YAML takes both for one text.
struct MissingColon {
  let key: String
  /// The first line's worth of the text.
  let text: String
  let remedy: String

  /// - Parameter text: a plain value, or a line; `nil` for one that begins with no key.
  init?(_ text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: true)
    guard let first = parts.first, first.first?.isLetter == true else { return nil }
    let isKey = { (part: Substring) in
      part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
    if let colon = first.firstIndex(of: ":") {
      let value = first[first.index(after: colon)...]
      // What begins with '://' is an address.
      guard isKey(first[..<colon]), !value.isEmpty, !value.hasPrefix("//") else { return nil }
      key = String(first[..<colon])
      self.text = String(first)
      remedy = "a space is missing after the colon: write '\(key): \(value)'"
    } else {
      guard isKey(first), parts.count > 1 else { return nil }
      key = String(first)
      self.text = "\(first) \(parts[1])"
      remedy = "a colon is missing after the key: write '\(key): \(parts[1])'"
    }
  }
}
