import Foundation
import FulcrumKernel

extension ModelShape {
  /// Models whose configurations are published, so that one can be planned for that isn't here.
  ///
  /// - Source: each model's `config.json` on the Hugging Face hub.
  package static let published: [ModelShape] = [
    qwen2("0.5B", layers: 24, width: 896, heads: 14, groups: 2, inner: 4864, isTied: true),
    qwen2("1.5B", layers: 28, width: 1536, heads: 12, groups: 2, inner: 8960, isTied: true),
    qwen2("3B", layers: 36, width: 2048, heads: 16, groups: 2, inner: 11_008, isTied: true),
    qwen2("7B", layers: 28, width: 3584, heads: 28, groups: 4, inner: 18_944),
    qwen2("14B", layers: 48, width: 5120, heads: 40, groups: 8, inner: 13_824),
    qwen2("32B", layers: 64, width: 5120, heads: 40, groups: 8, inner: 27_648),
    qwen2("72B", layers: 80, width: 8192, heads: 64, groups: 8, inner: 29_568),
    llama3("Llama-3.2-1B", layers: 16, width: 2048, heads: 32, inner: 8192, isTied: true),
    llama3("Llama-3.2-3B", layers: 28, width: 3072, heads: 24, inner: 8192, isTied: true),
    llama3("Llama-3.1-8B", layers: 32, width: 4096, heads: 32, inner: 14_336),
    llama3("Llama-3.1-70B", layers: 80, width: 8192, heads: 64, inner: 28_672),
  ]

  /// Finds a published model by its name, or by the end of it that no two have: `7B` is Qwen2.5-7B.
  package static func named(_ name: String) -> ModelShape? {
    let wanted = name.lowercased()
    return published.first { $0.name.lowercased() == wanted }
      ?? published.first { $0.name.lowercased().hasSuffix("-" + wanted) }
  }

  /// Finds the model that a checkpoint names: a folder with a configuration, or a published name, with its owner and
  /// `-Instruct` or without.
  ///
  /// - Throws: as `init(folder:)`.
  package static func at(_ checkpoint: String) throws(FulcrumError) -> ModelShape {
    let name = checkpoint.split(separator: "/").last.map(String.init) ?? checkpoint
    let isFolder = FileManager.default.fileExists(atPath: checkpoint)
    if !isFolder {
      let plain = name.hasSuffix("-Instruct") ? String(name.dropLast(9)) : name
      if let published = named(plain) { return published }
    }
    return try ModelShape(folder: checkpoint)
  }

  private static func qwen2(
    _ size: String, layers: Int, width: Int, heads: Int, groups: Int, inner: Int,
    isTied: Bool = false
  ) -> ModelShape {
    ModelShape(
      name: "Qwen2.5-" + size, layers: layers, width: width, heads: heads, keyValueHeads: groups,
      headSize: width / heads, feedForward: inner,
      // The larger ones' rows are padded.
      vocabulary: isTied ? 151_936 : 152_064, isTied: isTied, hasBiases: true)
  }

  private static func llama3(
    _ name: String, layers: Int, width: Int, heads: Int, inner: Int, isTied: Bool = false
  ) -> ModelShape {
    ModelShape(
      name: name, layers: layers, width: width, heads: heads, keyValueHeads: 8,
      headSize: width / heads, feedForward: inner, vocabulary: 128_256, isTied: isTied)
  }
}
