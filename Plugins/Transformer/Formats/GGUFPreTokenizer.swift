import FulcrumKernel
import JSON

/// Lists the pre-tokenizers that GGUF files name, with their form in `tokenizer.json`.
///
/// - Source: the names' meaning is that of `llama_vocab::impl::load` in
///   github.com/ggml-org/llama.cpp, src/llama-vocab.cpp.
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

  /// Whether a piece that is a token is taken whole, without a look at the merges.
  var ignoresMerges: Bool { self == .llama }

  /// Whether texts begin with the begin token if the file doesn't say.
  var addsBeginToken: Bool { self == .llama }

  /// The content of `pre_tokenizer`.
  var document: JSONValue {
    switch self {
    case .gpt2: Self.byteLevel
    case .llama: PreTokenizer.document(of: .llama3)
    case .qwen2: PreTokenizer.document(of: .qwen2)
    case .smollm:
      .object([
        JSONMember("type", .string("Sequence")),
        JSONMember(
          "pretokenizers",
          .array([
            .object([
              JSONMember("type", .string("Digits")), JSONMember("individual_digits", .bool(true)),
            ]), Self.byteLevel,
          ])),
      ])
    }
  }

  /// The ByteLevel step that cuts the text itself, by GPT-2's pattern.
  static let byteLevel = JSONValue.object([
    JSONMember("type", .string("ByteLevel")),
    JSONMember("add_prefix_space", .bool(false)),
    JSONMember("trim_offsets", .bool(true)),
    JSONMember("use_regex", .bool(true)),
  ])
}
