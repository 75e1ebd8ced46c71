import FulcrumKernel
import JSON

/// Reads the tokens that `post_processor` puts before a text.
enum PostProcessor {
  /// Reads a ByteLevel, which has no effect on tokens, a TemplateProcessing, or a Sequence of them.
  ///
  /// - Throws: `.unsupported` for another kind, or a template that puts tokens after the text;
  ///   `.checkpoint` if a token is not in the vocabulary.
  static func prefixTokens(
    _ json: JSONValue?, vocabularySize: Int
  ) throws(FulcrumError) -> [Int32] {
    guard let json else { return [] }
    let parts = json["type"] == .string("Sequence") ? json["processors"]?.elements ?? [] : [json]
    var tokens: [Int32] = []
    for part in parts {
      switch part["type"] {
      case .string("ByteLevel"): continue
      case .string("TemplateProcessing"):
        // Each template is applied to the result of the one before it.
        tokens =
          try prefix(ofTemplate: part, vocabularySize: vocabularySize) + tokens
      default:
        throw TokenizerFault.unsupported(
          "the post_processor is \(part.excerpt), expected ByteLevel or TemplateProcessing")
      }
    }
    return tokens
  }

  private static func prefix(
    ofTemplate template: JSONValue, vocabularySize: Int
  ) throws(FulcrumError) -> [Int32] {
    var pieces = template["single"]?.elements ?? []
    guard let last = pieces.popLast(), last["Sequence"]?["id"] == .string("A") else {
      throw TokenizerFault.unsupported(
        "the post_processor's template is \((template["single"] ?? .null).excerpt), expected one"
          + " that ends with the text")
    }
    var tokens: [Int32] = []
    for piece in pieces {
      guard let name = piece["SpecialToken"]?["id"]?.text else {
        throw TokenizerFault.unsupported(
          "the post_processor's template has the part \(piece.excerpt) before the text, expected"
            + " a SpecialToken")
      }
      guard let ids = template["special_tokens"]?[name]?["ids"]?.elements, !ids.isEmpty else {
        throw TokenizerFault.damaged("the post_processor's special token '\(name)' has no ids")
      }
      for id in ids {
        guard let id = id.integer, (0..<vocabularySize).contains(id) else {
          throw TokenizerFault.damaged(
            "the post_processor's special token '\(name)' has the number \(id.excerpt), expected"
              + " from 0 to \(vocabularySize - 1)")
        }
        tokens.append(Int32(id))
      }
    }
    return tokens
  }
}
