import FulcrumKernel
import JSON

/// Writes spaces as a visible sign, "▁" as a rule, and cuts before each: SentencePiece's way.
package struct Metaspace: Sendable, Equatable {
  /// Says where a sign is put before a piece that doesn't begin with one.
  package enum PrependScheme: String, Sendable, CaseIterable {
    /// Only where the piece begins the text.
    case first
    case always
    case never
  }

  /// The sign's bytes: one scalar.
  let sign: [UInt8]
  let prepends: PrependScheme
  /// Whether the text is cut before each sign.
  let splits: Bool

  package init(sign: String = "▁", prepends: PrependScheme, splits: Bool = true) {
    self.sign = Array(sign.utf8)
    self.prepends = prepends
    self.splits = splits
  }

  /// Reads a Metaspace of the pre-tokenizer or of the decoder.
  ///
  /// - Throws: `.checkpoint` for a wrong value.
  init(_ json: JSONValue) throws(FulcrumError) {
    guard let sign = json["replacement"]?.text, sign.unicodeScalars.count == 1 else {
      throw TokenizerFault.damaged(
        "the Metaspace has replacement \(json["replacement"]?.excerpt ?? "absent"), expected one"
          + " character")
    }
    self.sign = Array(sign.utf8)
    splits = try TokenizerFault.flag("the Metaspace", json, "split", absent: true)
    // Files that are older than the scheme have a switch.
    let adds = try TokenizerFault.flag("the Metaspace", json, "add_prefix_space", absent: true)
    guard let scheme = json.present("prepend_scheme") else {
      prepends = adds ? .always : .never
      return
    }
    guard let known = scheme.text.flatMap(PrependScheme.init(rawValue:)) else {
      throw TokenizerFault.damaged(
        "the Metaspace has prepend_scheme \(scheme.excerpt), expected \"first\", \"always\" or"
          + " \"never\"")
    }
    prepends = known
  }

  /// Returns a piece with its spaces as signs.
  ///
  /// - Parameter isFirst: whether the piece begins the text.
  func marked(_ piece: Span<UInt8>, isFirst: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece.count + piece.count / 2 + sign.count)
    let isPrepending =
      switch prepends {
      case .first: isFirst
      case .always: true
      case .never: false
      }
    let isMarked = piece[0] == 0x20 || ByteSearch.begins(piece, with: sign)
    if isPrepending && !isMarked { bytes += sign }
    for i in 0..<piece.count {
      if piece[i] == 0x20 { bytes += sign } else { bytes.append(piece[i]) }
    }
    return bytes
  }
}

extension ByteSearch {
  static func begins(_ text: Span<UInt8>, with prefix: [UInt8]) -> Bool {
    guard prefix.count <= text.count else { return false }
    for i in prefix.indices where text[i] != prefix[i] { return false }
    return true
  }
}
