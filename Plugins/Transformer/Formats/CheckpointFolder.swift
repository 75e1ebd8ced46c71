import Foundation
import FulcrumKernel
import JSON

/// Looks at what training libraries leave in a model's folder.
package enum CheckpointFolder {
  /// The modules that libraries put on top of a language model: TRL's value and reward heads, and
  /// those of transformers' classifiers. No token's probability depends on them.
  private static let heads: Set = [
    "v_head", "value_head", "reward_head", "score", "classifier", "qa_outputs",
  ]

  /// The most names that a note lists.
  private static let listed = 6

  /// Tells whether a tensor belongs to a head that a policy has no use for.
  package static func isExtraHead(_ tensor: String) -> Bool {
    tensor.split(separator: ".", maxSplits: 1).first.map { heads.contains(String($0)) } ?? false
  }

  /// Returns a note about the tensors that are left out; `nil` if there are none.
  package static func note(leavingOut tensors: [String]) -> String? {
    if tensors.isEmpty { return nil }
    let more = tensors.count - listed
    return "heads that a policy has no use for are left out, also of what is saved: "
      + tensors.prefix(listed).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  /// Looks for adapters and for weights in another format.
  ///
  /// - Returns: notes for people on what is there and isn't used.
  /// - Throws: `.unsupported` for an adapter without its model, and for pickled weights alone.
  package static func inspect(_ folder: String) throws(FulcrumError) -> [String] {
    func has(_ names: String...) -> Bool {
      names.contains { FileManager.default.fileExists(atPath: folder + "/" + $0) }
    }
    let hasAdapter = has("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
    if has("model.safetensors", "model.safetensors.index.json") {
      guard hasAdapter else { return [] }
      return [
        "an adapter of peft lies beside the model and is not applied: merge it into the model"
          + " (merge_and_unload) if it is to count"
      ]
    }
    if has("pytorch_model.bin", "pytorch_model.bin.index.json") {
      throw FulcrumError(
        .unsupported, "the weights are in pytorch_model.bin, expected model.safetensors",
        at: folder, hint: "in that folder run: " + conversion)
    }
    if hasAdapter {
      throw FulcrumError(
        .unsupported,
        "the folder holds an adapter of peft, without the model that it changes"
          + (try base(ofAdapterIn: folder).map { ", '\($0)'" } ?? ""), at: folder,
        hint: "merge it, or name the base model's folder as checkpoint; to merge it, run in that"
          + " folder: " + merging + "; and copy the tokenizer's files into 'merged'")
    }
    return []
  }

  private static let conversion =
    "python3 -c \"import glob, torch; from safetensors.torch import save_file; w = {};"
    + " [w.update(torch.load(f, map_location='cpu', weights_only=True))"
    + " for f in glob.glob('pytorch_model*.bin')];"
    + " save_file({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors',"
    + " {'format': 'pt'})\""

  private static let merging =
    "python3 -c \"from peft import AutoPeftModelForCausalLM as M;"
    + " M.from_pretrained('.').merge_and_unload().save_pretrained('merged')\""

  /// Returns the name of the model that an adapter was trained on, if its configuration says it.
  private static func base(ofAdapterIn folder: String) throws(FulcrumError) -> String? {
    do throws(FulcrumError) {
      return try ReadableFile.json(folder + "/adapter_config.json")["base_model_name_or_path"]?.text
    } catch  where error.code == .notFound {
      return nil
    }
  }
}
