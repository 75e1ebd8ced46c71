import FulcrumKernel

/// Compares the SHA-256 digests of libraries with those that configurations pin.
enum PluginDigest {
  /// Reads a digest as somebody wrote it, in upper or lower case, with or without `sha256:`.
  ///
  /// - Throws: `.configuration` if it is not 64 hexadecimal digits.
  static func parse(_ text: String) throws(FulcrumError) -> String {
    let digits = (text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text).lowercased()
    guard digits.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      throw FulcrumError(
        .configuration, "expected a SHA-256 digest of 64 hexadecimal digits, got '\(text)'",
        hint: "take the one that 'fulcrum plugin info' or 'sha256sum' prints")
    }
    return digits
  }

  /// Returns the fault of a library that is not the pinned one.
  static func fault(expected: String, got: String) -> PluginFault? {
    guard expected != got else { return nil }
    return PluginFault(
      "expected SHA-256 \(expected), got \(got)",
      hint: "if the library was meant to change, pin the new digest with 'fulcrum plugin lock'")
  }
}
