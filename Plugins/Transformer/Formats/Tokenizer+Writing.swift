import FulcrumKernel
import JSON

extension Tokenizer {
  /// The conversation format that the policy's demonstrations use.
  ///
  /// - Source: ChatML, as in Qwen2's template without its default system message.
  package static let chatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n'"
    + " + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

  /// Writes `tokenizer.json` and the files beside it: to the byte the files that the tokenizer was
  /// read with, or else a `tokenizer_config.json` made of the parameters.
  ///
  /// - Parameters:
  ///   - endToken: a special token of this tokenizer, and so is `padToken`; both matter only where
  ///     there were no files beside `tokenizer.json`.
  ///   - contextLength: the context in tokens, written as `model_max_length`.
  /// - Throws: `.usage` for a text that is no special token, `.inputOutput` if the system fails.
  package func write(
    toFolder folder: String, endToken: String, padToken: String, contextLength: Int
  ) throws(FulcrumError) {
    // Files that were read name these tokens themselves.
    for token in [endToken, padToken] where companions.isEmpty && specialToken(token) == nil {
      throw FulcrumError(
        .usage, "'\(token)' is not a special token of this tokenizer", at: folder,
        hint: NearNames.hint(for: token, among: added.map(\.text)))
    }
    let path = folder + "/tokenizer.json"
    switch source {
    case .file(let bytes): try WritableFile.write(bytes, path: path)
    case .trained(let pattern, let merges):
      try WritableFile.write(json: document(pattern, merges), path: path)
    }
    guard companions.isEmpty else { return try companions.write(toFolder: folder) }
    try WritableFile.write(
      json: .object([
        JSONMember("clean_up_tokenization_spaces", .bool(false)),
        JSONMember("eos_token", .string(endToken)),
        JSONMember("model_max_length", .integer(contextLength)),
        JSONMember("pad_token", .string(padToken)),
        JSONMember("tokenizer_class", .string("PreTrainedTokenizerFast")),
        JSONMember("chat_template", .string(Self.chatTemplate)),
      ]), path: folder + "/tokenizer_config.json")
  }

  /// Returns the content of `tokenizer.json`, key by key in the order of the `tokenizers` library.
  private func document(_ pattern: PiecePattern, _ merges: [Merge]) -> JSONValue {
    .object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array(added.map(\.document))),
      JSONMember("normalizer", .null),
      JSONMember("pre_tokenizer", PreTokenizer.document(of: pattern)),
      JSONMember("post_processor", .null),
      JSONMember("decoder", TokenizerParts.byteLevel(usesRegex: true)),
      JSONMember("model", model(merges)),
    ])
  }

  private func model(_ merges: [Merge]) -> JSONValue {
    var spellings = vocabulary.map { ByteAlphabet.spell($0) }
    for token in added { spellings[Int(token.id)] = token.text }
    let vocabulary = spellings.enumerated().map { JSONMember($0.element, .integer($0.offset)) }
    let merges = merges.map { merge in
      JSONValue.array(
        [merge.left, merge.right].map { .string(ByteAlphabet.spell(self.vocabulary[Int($0)])) })
    }
    return .object(
      TokenizerParts.modelSwitches(ignoresMerges: false) + [
        JSONMember("vocab", .object(vocabulary)), JSONMember("merges", .array(merges)),
      ])
  }
}
