/// The printable characters by which `tokenizer.json` spells bytes.
///
/// A printable byte of Latin-1 is its own character; the other 68 are U+0100 and on, in order: the
/// space is "Ġ".
///
/// - Source: GPT-2's `bytes_to_unicode`.
package enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
      let isPrintable =
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      if !isPrintable { next += 1 }
      return Unicode.Scalar(isPrintable ? byte : next - 1) ?? " "
    }
  }()

  /// The bytes in the order of their scalars, in which a trained vocabulary lists them.
  static let ordered: [UInt8] = (0..<256).map { UInt8($0) }
    .sorted { scalars[Int($0)] < scalars[Int($1)] }

  /// The byte of each scalar below U+0144, or -1.
  private static let byteOfScalar: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  /// The characters of some bytes.
  package static func spell(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(scalars[Int(byte)]) }
    return text
  }

  /// The bytes that a text spells; nil if it has a character outside the alphabet.
  package static func bytes(of text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    return append(bytesOf: text.unicodeScalars, to: &bytes) ? bytes : nil
  }

  /// Appends the bytes that scalars spell.
  ///
  /// - Returns: whether all of them are in the alphabet.
  static func append(
    bytesOf scalars: some Sequence<Unicode.Scalar>, to bytes: inout [UInt8]
  ) -> Bool {
    for scalar in scalars {
      guard scalar.value < 0x144, byteOfScalar[Int(scalar.value)] >= 0 else { return false }
      bytes.append(UInt8(byteOfScalar[Int(scalar.value)]))
    }
    return true
  }
}
