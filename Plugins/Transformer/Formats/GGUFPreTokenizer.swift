import FulcrumKernel

/// The pre-tokenizers that GGUF files name, as `tokenizer.json` spells them.
///
/// - Source: `llama_vocab::impl::load` in github.com/ggml-org/llama.cpp, src/llama-vocab.cpp, for
///   what each name stands for.
enum GGUFPreTokenizer: String, CaseIterable {
  case gpt2 = "gpt-2"
  case llama = "llama-bpe"
  case qwen2
  case smollm

  /// - Throws: `.unsupported` for a name that isn't one of these.
  init(named name: String) throws(FulcrumError) {
    guard let known = Self(rawValue: name) else {
      throw FulcrumError(
        .unsupported,
        "'tokenizer.ggml.pre' is \(GGUFValue.text(name).excerpt), which is not known here",
        hint: "known: " + Self.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self = known
  }

  /// Whether texts are brought into composed form first.
  var isComposing: Bool { self == .qwen2 }

  /// Whether a piece that is a token is taken whole, whatever the merges say.
  var ignoresMerges: Bool { self == .llama }

  /// Whether texts begin with the token for it where the file doesn't say.
  var addsBeginToken: Bool { self == .llama }

  /// The content of `pre_tokenizer`.
  var document: JSONValue {
    switch self {
    case .gpt2: Self.byteLevel(usesPattern: true)
    case .llama: Self.splitting(digits: #"\p{N}{1,3}"#)
    case .qwen2: Self.splitting(digits: #"\p{N}"#)
    case .smollm:
      Self.sequence([
        .object([
          JSONMember("type", .string("Digits")), JSONMember("individual_digits", .bool(true)),
        ]), Self.byteLevel(usesPattern: true),
      ])
    }
  }

  /// The ByteLevel step.
  ///
  /// - Parameter usesPattern: whether it cuts the text itself, by GPT-2's pattern.
  static func byteLevel(usesPattern: Bool) -> JSONValue {
    .object([
      JSONMember("type", .string("ByteLevel")),
      JSONMember("add_prefix_space", .bool(false)),
      JSONMember("trim_offsets", .bool(true)),
      JSONMember("use_regex", .bool(usesPattern)),
    ])
  }

  /// Qwen2's and Llama 3's pattern, then the alphabet of bytes.
  ///
  /// - Parameter digits: matches the digits that stay together, in which alone the two differ.
  private static func splitting(digits: String) -> JSONValue {
    let pattern =
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    return sequence([
      .object([
        JSONMember("type", .string("Split")),
        JSONMember("pattern", .object([JSONMember("Regex", .string(pattern))])),
        JSONMember("behavior", .string("Isolated")),
        JSONMember("invert", .bool(false)),
      ]), byteLevel(usesPattern: false),
    ])
  }

  private static func sequence(_ steps: [JSONValue]) -> JSONValue {
    .object([
      JSONMember("type", .string("Sequence")), JSONMember("pretokenizers", .array(steps)),
    ])
  }
}
