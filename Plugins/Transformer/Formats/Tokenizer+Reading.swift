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

  /// Reads `tokenizer.json`, and keeps it and the files beside it.
  ///
  /// Reads BPE on bytes or on characters; Plugins/Transformer/README.md says with which parts.
  /// Anything else in the file is refused by name.
  ///
  /// - Throws: `.notFound` without the file, `.checkpoint` if it is damaged, `.unsupported` for
  ///   another kind of tokenizer.
  package init(folder: String) throws(FulcrumError) {
    let path = folder + "/tokenizer.json"
    let text = try Self.open(path)
    let bytes = try text.bytes(0..<text.size)
    let json = try JSONReader.parse(bytes, at: path)
    let companions = try TokenizerCompanions(folder: folder)
    do throws(FulcrumError) {
      let file = TokenizerFile(json: json)
      try file.checkModelType()
      let normalizer = try TextNormalizer(json.present("normalizer"))
      let (preTokenizer, spelling) = try PreTokenizer.read(json.present("pre_tokenizer"))
      let form = try TokenDecoder.Form(json["decoder"] ?? .null, spelling)
      try file.checkModel(spelling)
      var added = try file.addedTokens()
      let vocabulary = try file.vocabulary(added: &added, spelling)
      let mergeable = try MergeableTokens(vocabulary, spelling: spelling, added: added)
      self.init(
        source: .file(bytes), normalizer: normalizer, preTokenizer: preTokenizer,
        prefixTokens: try PostProcessor.prefixTokens(
          json.present("post_processor"), vocabularySize: vocabulary.count),
        vocabulary: vocabulary,
        bytePairs: try BytePairMerges(
          file.merges(mergeable, spelling), symbols: file.symbols(spelling, mergeable),
          vocabulary: vocabulary, spelling: spelling, tokens: mergeable),
        wholePieces: try file.ignoresMerges() ? mergeable : nil,
        decoder: TokenDecoder(
          form, texts: file.decodedBytes(vocabulary, added: added, spelling, normalizer)),
        added: added, companions: companions)
    } catch {
      throw error.within(path)
    }
  }
}
