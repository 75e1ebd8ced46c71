import FulcrumKernel
import JSON

extension Tokenizer {
  /// The most bytes of a file. Real files have up to some 30 MB; the limit bounds the memory that a
  /// hostile one takes.
  private static let fileLimit = 256 << 20

  /// - Throws: `.notFound` if there is no such file, `.checkpoint` if its size is absurd.
  static func open(_ path: String) throws(FulcrumError) -> ReadableFile {
    let file = try ReadableFile(path: path)
    guard file.size <= fileLimit else {
      throw FulcrumError(
        .checkpoint, "the file has \(file.size) bytes, expected at most \(fileLimit)", at: path)
    }
    return file
  }

  /// Reads `tokenizer.json`, and keeps `tokenizer_config.json` and `chat_template.jinja`.
  ///
  /// Reads byte-level BPE with the pre-tokenizer of GPT-2, SmolLM2, Qwen2 or Llama 3 and with no
  /// normalizer or NFC. Anything else in the file is refused by name.
  ///
  /// - Throws: `.notFound` without the file, `.checkpoint` if it is damaged, `.unsupported` for
  ///   another kind of tokenizer.
  package init(folder: String) throws(FulcrumError) {
    let path = folder + "/tokenizer.json"
    let text = try Self.open(path)
    let json = try JSONReader.parse(text.bytes(0..<text.size), at: path)
    let companions = try TokenizerCompanions(folder: folder)
    do throws(FulcrumError) {
      let file = TokenizerFile(json: json)
      let isComposing = try file.isComposing()
      let preTokenizer = try PreTokenizer(json["pre_tokenizer"] ?? .null)
      let parts = try file.parts()
      var added = try file.addedTokens()
      let vocabulary = try file.vocabulary(added: &added, isComposing: isComposing)
      let mergeable = try MergeableTokens(vocabulary, added: added)
      try self.init(
        preTokenizer: preTokenizer, isComposing: isComposing,
        prefixTokens: try PostProcessor.prefixTokens(
          json.present("post_processor"), vocabularySize: vocabulary.count),
        parts: parts, vocabulary: vocabulary, mergeable: mergeable,
        merges: try file.merges(mergeable), ignoresMerges: try file.ignoresMerges(), added: added,
        companions: companions)
    } catch {
      throw error.within(path)
    }
  }
}
