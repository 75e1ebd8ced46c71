import FulcrumKernel
import JSON

/// Holds the byte-level BPE tokenizer in a GGUF file's metadata.
///
/// - Source: the keys `tokenizer.ggml.*` of github.com/ggml-org/ggml, docs/gguf.md.
struct GGUFTokenizer: Sendable {
  /// Lists the kinds of token in `tokenizer.ggml.token_type`.
  enum Kind: Int, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  let preTokenizer: GGUFPreTokenizer
  let tokens: [String]
  let kinds: [Kind]
  let merges: [(left: String, right: String)]
  /// The token that ends a text.
  let endToken: Int32
  /// The padding token; the end token where the file has none.
  let padToken: Int32
  /// The token that begins a text, if there is one.
  let beginToken: Int32?
  let unknownToken: Int32?
  let addsBeginToken: Bool
  let addsEndToken: Bool
  let chatTemplate: String?

  /// - Throws: `.checkpoint` for a missing or wrong key, `.unsupported` for another kind of
  ///   tokenizer or an unknown pre-tokenizer.
  init(_ metadata: GGUFMetadata) throws(FulcrumError) {
    let model = try metadata.text("tokenizer.ggml.model")
    guard model == "gpt2" else {
      throw FulcrumError(
        .unsupported,
        "'tokenizer.ggml.model' is \(GGUFValue.text(model).excerpt), expected \"gpt2\"",
        hint: "byte-level BPE is the kind of tokenizer that can be imported")
    }
    let preTokenizer = try GGUFPreTokenizer(named: metadata.text("tokenizer.ggml.pre"))
    let tokens = try metadata.texts("tokenizer.ggml.tokens")
    guard !tokens.isEmpty else { throw GGUFScanner.fault("'tokenizer.ggml.tokens' is empty") }
    self.preTokenizer = preTokenizer
    self.tokens = tokens
    kinds = try Self.kinds(metadata, tokens)
    merges = try Self.merges(metadata, tokens)
    func token(_ name: String) throws(FulcrumError) -> Int32 {
      Int32(try metadata.integer("tokenizer.ggml.\(name)_token_id", in: 0...tokens.count - 1))
    }
    func optionalToken(_ name: String) throws(FulcrumError) -> Int32? {
      metadata["tokenizer.ggml.\(name)_token_id"] == nil ? nil : try token(name)
    }
    endToken = try token("eos")
    padToken = try optionalToken("padding") ?? endToken
    beginToken = try optionalToken("bos")
    unknownToken = try optionalToken("unknown")
    addsEndToken = try metadata.flag("tokenizer.ggml.add_eos_token") ?? false
    let addsBeginToken = try metadata.flag("tokenizer.ggml.add_bos_token")
    self.addsBeginToken = addsBeginToken ?? preTokenizer.addsBeginToken
    if self.addsBeginToken { _ = try token("bos") }
    chatTemplate =
      metadata["tokenizer.chat_template"] == nil
      ? nil : try metadata.text("tokenizer.chat_template")
  }

  /// The number of tokens, special ones included.
  var count: Int { tokens.count }

  /// Tells whether a number stands for a row that no token has: llama.cpp's converter names such a
  /// row by its number and takes it for an unused token.
  ///
  /// - Source: `get_vocab_base` in github.com/ggml-org/llama.cpp, convert_hf_to_gguf.py.
  func isVacant(_ id: Int) -> Bool {
    kinds[id] == .unused && tokens[id] == "[PAD\(id)]"
      && ![endToken, padToken, beginToken, unknownToken].contains(Int32(id))
  }

  private static func kinds(
    _ metadata: GGUFMetadata, _ tokens: [String]
  ) throws(FulcrumError) -> [Kind] {
    let key = "tokenizer.ggml.token_type"
    var kinds: [Kind] = []
    kinds.reserveCapacity(tokens.count)
    for (id, number) in try metadata.integers(key, count: tokens.count).enumerated() {
      guard let kind = Int(exactly: number).flatMap(Kind.init(rawValue:)) else {
        throw FulcrumError(
          .checkpoint, "element \(id) of '\(key)' is \(number), expected from 1 to 6")
      }
      guard kind != .byte else {
        throw FulcrumError(
          .unsupported,
          "token \(id), \(GGUFValue.text(tokens[id]).excerpt), has the type 6 of a byte, which no"
            + " token of byte-level BPE has")
      }
      kinds.append(kind)
    }
    return kinds
  }

  private static func merges(
    _ metadata: GGUFMetadata, _ tokens: [String]
  ) throws(FulcrumError) -> [(left: String, right: String)] {
    // Compared as bytes: Swift takes canonically equivalent texts for equal.
    var table = ByteStringTable()
    for (id, token) in tokens.enumerated() {
      guard !token.isEmpty else { throw GGUFScanner.fault("token \(id) is empty") }
      guard table.intern(token.utf8Span.span) == id else {
        throw GGUFScanner.fault(
          "token \(id), \(GGUFValue.text(token).excerpt), is in the vocabulary twice")
      }
    }
    let key = "tokenizer.ggml.merges"
    var merges: [(left: String, right: String)] = []
    for (rank, text) in try metadata.texts(key).enumerated() {
      let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard parts.count == 2, let left = String(parts[0]), let right = String(parts[1]) else {
        throw GGUFScanner.fault(
          "element \(rank) of '\(key)' is \(GGUFValue.text(text).excerpt), expected two tokens with"
            + " a space between")
      }
      for part in [left, right, left + right] where table.find(part.utf8Span.span) == nil {
        throw GGUFScanner.fault(
          "element \(rank) of '\(key)' needs the token \(GGUFValue.text(part).excerpt), which is"
            + " not in the vocabulary")
      }
      merges.append((left, right))
    }
    return merges
  }
}
