import Files
import FulcrumKernel

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

  /// Looks for weights in another format.
  ///
  /// - Throws: `.unsupported` for pickled weights alone.
  package static func inspect(_ folder: String) throws(FulcrumError) {
    if has(folder, "pytorch_model.bin", "pytorch_model.bin.index.json"), !hasModel(folder) {
      throw FulcrumError(
        .unsupported, "the weights are in pytorch_model.bin, expected model.safetensors",
        at: folder, hint: "in that folder run: " + conversion)
    }
  }

  /// Returns a note about a whole model that lies beside an adapter; `nil` if there is none.
  ///
  /// - Parameter base: the folder of the model that the adapter names.
  package static func note(ofModelBesideAdapterIn folder: String, base: String) -> String? {
    guard hasModel(folder), FileSystem.canonicalPath(folder) != FileSystem.canonicalPath(base)
    else {
      return nil
    }
    return
      "the folder has an adapter of peft and a whole model beside it: the adapter is read, on the"
      + " base that it names, \(base); take adapter_config.json away to read the model"
  }

  private static func hasModel(_ folder: String) -> Bool {
    has(folder, "model.safetensors", "model.safetensors.index.json")
  }

  private static func has(_ folder: String, _ names: String...) -> Bool {
    names.contains { FileSystem.exists(folder + "/" + $0) }
  }

  private static let conversion =
    "python3 -c \"import glob, torch; from safetensors.torch import save_file; w = {};"
    + " [w.update(torch.load(f, map_location='cpu', weights_only=True))"
    + " for f in glob.glob('pytorch_model*.bin')];"
    + " save_file({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors',"
    + " {'format': 'pt'})\""
}
