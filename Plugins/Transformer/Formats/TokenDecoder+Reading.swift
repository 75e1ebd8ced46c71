import FulcrumKernel
import JSON

extension TokenDecoder.Form {
  /// Reads the `decoder` of `tokenizer.json`: ByteLevel for tokens in the byte alphabet; else
  /// Replace of a text, Metaspace, ByteFallback, Fuse and Strip, in this order; or a Sequence.
  ///
  /// - Throws: `.unsupported` for anything else, by name; `.checkpoint` for a wrong value.
  init(_ json: JSONValue, _ spelling: TokenSpelling) throws(FulcrumError) {
    let parts = json["type"] == .string("Sequence") ? json["decoders"]?.elements ?? [] : [json]
    switch spelling {
    case .byteAlphabet:
      guard parts.count == 1, parts[0]["type"] == .string("ByteLevel") else {
        throw TokenizerFault.unsupported("the decoder is \(json.excerpt), expected ByteLevel")
      }
      self = .byteLevel
    case .plain:
      var form = TokenDecoder.PlainForm()
      var isFused = false
      for part in parts {
        switch part["type"] {
        case .string("Replace") where !form.fallsBackToBytes && !isFused:
          guard let text = part["pattern"]?["String"]?.text, !text.isEmpty,
            let content = part["content"]?.text
          else { throw Self.unknown(part) }
          form.steps.append(.replace(Array(text.utf8), by: Array(content.utf8)))
        case .string("Metaspace") where !form.fallsBackToBytes && !isFused:
          form.steps.append(.metaspace(try Metaspace(part)))
        case .string("ByteFallback") where !isFused: form.fallsBackToBytes = true
        case .string("Fuse"): isFused = true
        case .string("Strip") where isFused && form.strip == nil:
          guard let content = part["content"]?.text, content.unicodeScalars.count == 1,
            let start = part["start"]?.integer, let end = part["stop"]?.integer, start >= 0,
            end >= 0
          else { throw Self.unknown(part) }
          form.strip = (Array(content.utf8), start, end)
        default: throw Self.unknown(part)
        }
      }
      guard !parts.isEmpty else { throw Self.unknown(json) }
      self = .plain(form)
    }
  }

  private static func unknown(_ part: JSONValue) -> FulcrumError {
    TokenizerFault.unsupported(
      "the decoder has the part \(part.excerpt), expected Replace of a String, Metaspace,"
        + " ByteFallback, Fuse or Strip, in this order")
  }
}
