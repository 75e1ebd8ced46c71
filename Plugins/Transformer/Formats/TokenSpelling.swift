/// Says how `tokenizer.json` spells a token's bytes.
enum TokenSpelling: Sendable {
  /// Each byte by a printable character: byte-level BPE.
  case byteAlphabet
  /// As they are: BPE on characters.
  case plain

  /// Appends the bytes that scalars spell.
  ///
  /// - Returns: whether all of them can be spelt so.
  func append(
    bytesOf scalars: some Sequence<Unicode.Scalar>, to bytes: inout [UInt8]
  ) -> Bool {
    switch self {
    case .byteAlphabet: return ByteAlphabet.append(bytesOf: scalars, to: &bytes)
    case .plain:
      for scalar in scalars { bytes += UTF8.encode(scalar) ?? .init() }
      return true
    }
  }

  /// Returns the bytes that a text spells; nil if it has a character outside the alphabet.
  func bytes(of text: String) -> [UInt8]? {
    switch self {
    case .byteAlphabet: ByteAlphabet.bytes(of: text)
    case .plain: Array(text.utf8)
    }
  }

  /// Returns what spells some bytes, for people.
  func spell(_ bytes: [UInt8]) -> String {
    switch self {
    case .byteAlphabet: ByteAlphabet.spell(bytes)
    case .plain: String(decoding: bytes, as: UTF8.self)
    }
  }
}
