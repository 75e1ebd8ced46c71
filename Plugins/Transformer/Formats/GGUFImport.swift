import Foundation
import FulcrumKernel

/// Turns a GGUF file of the families llama, qwen2 and qwen3 into a Hugging Face folder.
package enum GGUFImport {
  /// Converts a file.
  ///
  /// - Parameters:
  ///   - file: a GGUF file of version 2 or 3.
  ///   - toFolder: the folder, made if it is missing; files of the same names in it are replaced.
  ///     An interrupted import leaves no `config.json`.
  ///   - precision: the precision of `model.safetensors`.
  /// - Numerics: quantised numbers become Float exactly as ggml computes them, and are then rounded
  ///   once if `precision` is not f32.
  /// - Throws: `.notFound` or `.inputOutput` if a file can't be read or written, `.checkpoint` if
  ///   the file is damaged or lacks something, `.unsupported` for contents that aren't imported,
  ///   `.configuration` if its sizes don't fit each other, `.notFinite` for a number that f16 can't
  ///   hold.
  /// - Complexity: O(file); memory for its header and for one piece of a tensor.
  package static func convert(
    file: String, toFolder folder: String, precision: TensorPrecision
  ) throws(FulcrumError) {
    let checkpoint = try GGUFCheckpoint(path: file)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let config = folder + "/config.json"
      if FileManager.default.fileExists(atPath: config) {
        try FileManager.default.removeItem(atPath: config)
      }
    } catch {
      throw FulcrumError(
        .inputOutput, "can't prepare the folder: \(error.localizedDescription)", at: folder)
    }
    try checkpoint.write(toFolder: folder, precision: precision)
  }
}
