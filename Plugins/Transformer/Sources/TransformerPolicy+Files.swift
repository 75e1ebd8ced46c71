import FulcrumKernel
import TransformerFormats

/// Works on model files without a model in memory.
extension TransformerPolicy: ImportingPolicy, CodecPolicy {
  /// Converts a GGUF file of the families llama, qwen2 and qwen3; weights become float32, as ggml computes them.
  ///
  /// - Throws: what `GGUFImport.convert` throws.
  package static func importModel(
    from file: String, to directory: String
  ) throws(FulcrumError) {
    try GGUFImport.convert(file: file, toFolder: directory, precision: .f32)
  }

  /// Reads `tokenizer.json` of a folder; of the base's for an adapter's folder without one.
  ///
  /// - Throws: what `Tokenizer.init(folder:)` throws, and what reading adapter_config.json does.
  package static func makeCodec(
    from directory: String
  ) throws(FulcrumError) -> any TokenCodec {
    try Tokenizer(folder: AdapterConfiguration.tokenizerFolder(directory))
  }
}
