extension String {
  /// The text with control characters written out, as \u{1B}: a model's or a file's text must not move the
  /// cursor, or change the terminal. Line breaks and tabs stay.
  var onTerminal: String {
    guard unicodeScalars.contains(where: Self.acts) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if Self.acts(scalar) {
        text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// Whether a character does something other than to be seen: controls, and those that turn the
  /// direction of what follows.
  private static func acts(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\n" || scalar == "\t" { return false }
    return scalar.properties.generalCategory == .control
      || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
  }
}
