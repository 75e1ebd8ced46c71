import Foundation
import FulcrumKernel
import JSON

extension ModelShape {
  /// Reads the sizes from a checkpoint's `config.json`; no weights are read.
  ///
  /// - Parameter folder: a Hugging Face folder, or one of an adapter, whose base is read then.
  /// - Throws: `.notFound`, `.checkpoint`.
  package init(folder: String) throws(FulcrumError) {
    let path = folder + "/config.json"
    guard FileManager.default.fileExists(atPath: path) else {
      let adapter = folder + "/adapter_config.json"
      guard FileManager.default.fileExists(atPath: adapter),
        let base = try Self.document(adapter)["base_model_name_or_path"]?.text
      else {
        throw FulcrumError(
          .notFound, "expected a model's folder with config.json, found none", at: folder,
          hint: Self.remedy)
      }
      guard FileManager.default.fileExists(atPath: base + "/config.json") else {
        throw FulcrumError(
          .notFound, "the adapter's base '\(base)' is no folder with config.json here",
          at: folder, hint: Self.remedy)
      }
      try self.init(folder: base)
      return
    }
    self = try Self.read(
      try Self.document(path), name: (folder as NSString).lastPathComponent, at: path)
  }

  static let remedy =
    "give --model a folder, or a published model: "
    + published.map(\.name).joined(separator: ", ")

  /// - Parameter place: the file, for messages.
  static func read(_ document: JSONValue, name: String, at place: String) throws(FulcrumError)
    -> ModelShape
  {
    let text = document.present("text_config") ?? document
    func number(_ key: String, most: Int = 1 << 16) throws(FulcrumError) -> Int? {
      guard let value = text.present(key) else { return nil }
      // Products of the largest are below the largest integer.
      guard let number = value.integer, number > 0, number <= most else {
        throw FulcrumError(
          .checkpoint,
          "expected a whole number from 1 to \(most) under '\(key)', got \(value.excerpt)",
          at: place)
      }
      return number
    }
    func needed(_ key: String, most: Int = 1 << 16) throws(FulcrumError) -> Int {
      if let value = try number(key, most: most) { return value }
      throw FulcrumError(
        .checkpoint, "expected a number under '\(key)', got nothing", at: place,
        hint: "plans are made for models with the layers of Llama; " + remedy)
    }
    let width = try needed("hidden_size")
    let heads = try needed("num_attention_heads", most: 1 << 12)
    let kind = document["model_type"]?.text ?? ""
    // Families name the number of experts differently.
    let experts: Int =
      if let count = try number("num_experts", most: 1 << 12) {
        count
      } else {
        try number("num_local_experts", most: 1 << 12) ?? 1
      }
    let inner: Int =
      if let own = try number("moe_intermediate_size") { own } else {
        try needed("intermediate_size")
      }
    return ModelShape(
      name: name, layers: try needed("num_hidden_layers", most: 1 << 12), width: width,
      heads: heads,
      keyValueHeads: try number("num_key_value_heads", most: 1 << 12) ?? heads,
      headSize: try number("head_dim") ?? max(1, width / heads),
      feedForward: inner,
      vocabulary: try needed("vocab_size", most: 1 << 24),
      isTied: (text.present("tie_word_embeddings") ?? document["tie_word_embeddings"])?.bool
        ?? false,
      hasBiases: text["attention_bias"]?.bool ?? kind.hasPrefix("qwen2"),
      hasHeadNorms: kind.hasPrefix("qwen3"), experts: experts,
      expertsOfToken: min(experts, try number("num_experts_per_tok") ?? experts))
  }

  private static func document(_ path: String) throws(FulcrumError) -> JSONValue {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FulcrumError(.notFound, "no readable file here", at: path)
    }
    do throws(JSONFault) {
      return try JSONReader.parse([UInt8](data), options: .nonFinite)
    } catch {
      throw error.error(.checkpoint, at: path)
    }
  }
}
