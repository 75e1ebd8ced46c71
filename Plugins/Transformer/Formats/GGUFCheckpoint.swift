import FulcrumKernel
import JSON

/// Holds a GGUF file whose header, metadata and tokenizer make a whole model.
package struct GGUFCheckpoint: Sendable {
  private let file: GGUFFile
  private let model: GGUFModel
  private let tokenizer: GGUFTokenizer

  /// Opens a file and checks all of it but the tensors' values.
  ///
  /// - Throws: as `GGUFImport.convert`, except its errors of writing.
  package init(path: String) throws(FulcrumError) {
    file = try GGUFFile(path: path)
    do throws(FulcrumError) {
      tokenizer = try GGUFTokenizer(file.metadata)
      model = try GGUFModel(file, tokenizer: tokenizer)
      guard tokenizer.count <= model.shape.vocabularySize else {
        throw FulcrumError(
          .checkpoint,
          "'tokenizer.ggml.tokens' has \(tokenizer.count) elements, but"
            + " '\(model.shape.family.rawValue).vocab_size' is \(model.shape.vocabularySize)",
          hint: "the tokenizer is of another model")
      }
    } catch {
      throw error.within(path)
    }
  }

  /// The sizes and constants that `config.json` will have.
  package var shape: ModelShape { model.shape }

  /// The tensors under Hugging Face's names, with row-major shapes, in the order of `readValues`.
  package var tensors: [(name: String, shape: [Int])] {
    model.sources.map { ($0.huggingFaceName, $0.tensor.shape) }
  }

  /// Hands a tensor's values to `body` in consecutive pieces, row-major, in Hugging Face's order.
  ///
  /// - Parameter index: the tensor's place in `tensors`.
  /// - Throws: `.checkpoint` if a value isn't finite or the file has been shortened, and what
  ///   `body` throws.
  package func readValues(
    _ index: Int, _ body: (Span<Float>) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let source = model.sources[index]
    let count = source.tensor.shape.reduce(1, *)
    guard let heads = source.pairedHeads, let columns = source.tensor.shape.last else {
      // A piece is a multiple of every block's length.
      for start in stride(from: 0, to: count, by: TensorFile.pieceLength) {
        let end = min(count, start + TensorFile.pieceLength)
        let values = try file.read(source.name, source.tensor, start..<end)
        try body(values.span)
      }
      return
    }
    let headLength = count / heads
    for start in stride(from: 0, to: count, by: headLength) {
      let head = try file.read(source.name, source.tensor, start..<start + headLength)
      try Self.unpaired(head.span, columns: columns, body)
    }
  }

  /// Undoes the order in which llama.cpp's converter puts the rows of a head's queries and keys: it
  /// rotates neighbours where Hugging Face rotates row i with row i + size / 2.
  ///
  /// - Source: `permute` in github.com/ggml-org/llama.cpp, convert_hf_to_gguf.py.
  private static func unpaired(
    _ head: Span<Float>, columns: Int, _ body: (Span<Float>) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let rows = head.count / columns
    for member in 0..<2 {
      for row in stride(from: member, to: rows, by: 2) {
        try body(head.extracting(row * columns..<(row + 1) * columns))
      }
    }
  }

  /// Writes the files of a Hugging Face folder that exists, `config.json` last.
  ///
  /// - Throws: as `readValues`, `.inputOutput` if the system fails, `.notFinite` for a number that
  ///   the precision can't hold.
  package func write(
    toFolder folder: String, precision: TensorPrecision
  ) throws(FulcrumError) {
    try TensorFile.write(
      path: folder + "/model.safetensors",
      tensors: tensors.map {
        TensorFile.Plan(name: $0.name, shape: $0.shape, precision: precision)
      }
    ) { (index, body) throws(FulcrumError) in try readValues(index, body) }
    try tokenizer.write(toFolder: folder, contextLength: shape.contextLength)
    try shape.write(toFolder: folder, precision: precision)
    if let token = tokenizer.beginToken { try Self.note(beginToken: token, inFolder: folder) }
  }

  /// Puts `bos_token_id`, which a `ModelShape` doesn't have, into the two files that it wrote.
  private static func note(beginToken: Int32, inFolder folder: String) throws(FulcrumError) {
    for name in ["/generation_config.json", "/config.json"] {
      let old = try ReadableFile.json(folder + name).members ?? []
      let new = JSONMember("bos_token_id", .integer(Int(beginToken)))
      try WritableFile.write(
        json: .object([new] + old.filter { $0.key != new.key }), path: folder + name)
    }
  }
}
