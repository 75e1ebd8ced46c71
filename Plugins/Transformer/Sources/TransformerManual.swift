import FulcrumKernel
import TransformerFormats

/// Holds the component's manual, and reads its parameters.
extension TransformerPolicy {
  package static let manual = ComponentManual(
    name: "transformer",
    summary: "A language model of the families Llama, Qwen2 and Qwen3, on the processor.",
    source: "arXiv 2302.13971, section 2.2; 2407.10671; 2505.09388; hand-written passes",
    parameters: [
      .text(
        "checkpoint", default: "",
        help:
          "a Hugging Face folder to start from, or an adapter folder of peft; empty: a fresh model of"
          + " the shape below",
        meaning: .checkpoint),
      .choice(
        "family", default: ModelFamily.llama.rawValue, of: ModelFamily.allCases.map(\.rawValue),
        help: "of a fresh model; a checkpoint says its own"),
      .integer(
        "vocabulary", default: 512, in: 259...262_144,
        help: "tokens of a fresh tokenizer, special ones included, at most"),
      .integer("width", default: 128, in: 2...65_536, help: "of the residual stream"),
      .integer("layers", default: 4, in: 1...1024, help: "layers"),
      .integer("heads", default: 4, in: 1...1024, help: "query heads of a layer"),
      .integer(
        "key-value-heads", default: 0, in: 0...1024,
        help: "key and value heads of a layer; divides heads; 0: as many as heads"),
      .integer(
        "head-size", default: 0, in: 0...1024, help: "components of a head; 0: width / heads"),
      .integer(
        "hidden-width", default: 0, in: 0...262_144,
        help: "of the feed-forward layer; 0: 8/3 · width, rounded up to a multiple of 32"),
      .integer(
        "context", default: 512, in: 2...1_048_576,
        help: "most tokens of prompt and completion together"),
      .number(
        "rope-theta", default: 10_000, in: 1...1e12, help: "base of the rotary wavelengths"),
      .flag("tied", default: true, help: "whether the head shares the embedding's weights"),
      .integer(
        "lora-rank", default: 0, in: 0...65_536,
        help: "train adapters of this rank alone; 0: all weights"),
      .number("lora-alpha", default: 32, in: 0...1e6, help: "adapters are scaled by alpha / rank"),
      .texts(
        "lora-targets", default: [LoRASettings.allLinear],
        help: "modules with adapters: [q_proj, v_proj]; all-linear: every linear layer but the head"
      ),
      .choice(
        "lora-save", default: LoRASettings.Saving.adapter.rawValue,
        of: LoRASettings.Saving.allCases.map(\.rawValue),
        help: "what checkpoints hold: the adapter's folder, or the whole model with it merged in"),
      .choice(
        "save-precision", default: TensorPrecision.f32.rawValue,
        of: TensorPrecision.allCases.map(\.rawValue) + ["same"],
        help:
          "of the weights in checkpoints; same: as in the checkpoint that was read; where it rounds,"
          + " the optimiser's folder holds them in f32 too, so that a run continues to the same bits"
      ),
      .choice(
        "precision", default: ProductBackEnd.Precision.f32.rawValue,
        of: ProductBackEnd.Precision.allCases.map(\.rawValue),
        help:
          "of what the large matrix products multiply; weights, gradients, sums and the optimiser"
          + " stay in f32; bf16 needs oneDNN"),
      .choice(
        "products", default: ProductBackEnd.Choice.automatic.rawValue,
        of: ProductBackEnd.Choice.allCases.map(\.rawValue),
        help: "the library of the large products; automatic: oneDNN where it is installed"),
      .integer(
        "microbatch-tokens", default: 8192, in: 1...1_048_576,
        help: "tokens in one piece of work, a shared prompt counted once; or one sequence"),
      .flag(
        "packing", default: true,
        help: "whether a piece of work may have several sequences; false: each has one"),
      .flag(
        "share-prompts", default: true,
        help:
          "whether sequences of a group in one piece of scoring or training share their prompt's"
          + " rows; false: each brings its own"),
      .integer(
        "logit-rows", default: 0, in: 0...1_048_576,
        help:
          "tokens whose logits training has in memory at a time, rounded up to a multiple of 32; 0:"
          + " as many as 128 MiB hold"),
      .choice(
        "optimizer", default: OptimizerChoice.adamw.rawValue,
        of: OptimizerChoice.allCases.map(\.rawValue),
        help:
          "sgd: the learning rate times the clipped gradient, without momentum; it decays weights as"
          + " adamw does, and reads neither beta1, beta2 nor epsilon", meaning: .optimizer),
      .number("beta1", default: 0.9, in: 0...0.999999, help: "decay of AdamW's first moment"),
      .number("beta2", default: 0.999, in: 0...0.999999, help: "decay of its second moment"),
      .number("epsilon", default: 1e-8, in: 1e-30...1, help: "added to the second moment's root"),
      .number(
        "weight-decay", default: 0.01, in: 0...100,
        help: "decoupled, on all parameters but those left out; times the learning rate",
        meaning: .weightDecay),
      .texts(
        "weight-decay-exclude", default: [],
        help:
          "parameters that don't decay: norms, biases, embeddings; the last is also a tied head"),
      .number(
        "max-gradient-norm", default: 1, in: 0...1e30,
        help: "a gradient of larger L2 norm is scaled down to it; 0: never",
        meaning: .gradientLimit),
    ])

  static func backEnd(_ parameters: Parameters) throws(FulcrumError) -> ProductBackEnd {
    let choice = ProductBackEnd.Choice(rawValue: try parameters.text("products"))
    let precision = ProductBackEnd.Precision(rawValue: try parameters.text("precision"))
    return try .choose(choice ?? .automatic, precision ?? .f32)
  }

  static func optimizerSettings(
    _ parameters: Parameters
  ) throws(FulcrumError) -> OptimizerSettings {
    let groups = ParameterGroup.allCases.map(\.rawValue)
    var undecayed: Set<ParameterGroup> = []
    for word in try parameters.texts("weight-decay-exclude") {
      guard let group = ParameterGroup(rawValue: word) else {
        throw parameters.refuse(
          "weight-decay-exclude",
          "expected some of \(groups.joined(separator: ", ")), got '\(word)'",
          hint: NearNames.hint(for: word, among: groups))
      }
      undecayed.insert(group)
    }
    return OptimizerSettings(
      choice: OptimizerChoice(rawValue: try parameters.text("optimizer")) ?? .adamw,
      beta1: try parameters.number("beta1"), beta2: try parameters.number("beta2"),
      epsilon: try parameters.number("epsilon"),
      weightDecay: try parameters.number("weight-decay"), undecayed: undecayed,
      maximumGradientNorm: try parameters.number("max-gradient-norm"))
  }

  /// Returns the shape of a fresh model; its vocabulary and tokens are the tokenizer's.
  ///
  /// - Throws: `.parameter` if the sizes don't fit each other.
  static func freshShape(_ parameters: Parameters) throws(FulcrumError) -> ModelShape {
    let width = try parameters.integer("width")
    let heads = try parameters.integer("heads")
    let givenKeyValueHeads = try parameters.integer("key-value-heads")
    let keyValueHeads = givenKeyValueHeads == 0 ? heads : givenKeyValueHeads
    var headSize = try parameters.integer("head-size")
    var hiddenWidth = try parameters.integer("hidden-width")
    guard heads % keyValueHeads == 0 else {
      throw parameters.refuse(
        "key-value-heads", "expected a divisor of \(heads) heads, got \(keyValueHeads)")
    }
    if headSize == 0 {
      guard width % heads == 0 else {
        throw parameters.refuse(
          "width", "expected a multiple of \(heads) heads, got \(width)",
          hint: "or give head-size")
      }
      headSize = width / heads
    }
    guard headSize % 2 == 0 else {
      throw parameters.refuse(
        "head-size", "expected an even number, got \(headSize)",
        hint: "rotary positions turn pairs of components")
    }
    if hiddenWidth == 0 { hiddenWidth = ((8 * width + 2) / 3 + 31) / 32 * 32 }
    let family = ModelFamily(rawValue: try parameters.text("family")) ?? .llama
    return ModelShape(
      family: family, vocabularySize: try parameters.integer("vocabulary"), width: width,
      layerCount: try parameters.integer("layers"), headCount: heads,
      keyValueHeadCount: keyValueHeads, headSize: headSize, hiddenWidth: hiddenWidth,
      contextLength: try parameters.integer("context"),
      ropeTheta: try parameters.number("rope-theta"), normEpsilon: family.freshNormEpsilon,
      isTied: try parameters.flag("tied"), endToken: 0, padToken: 0)
  }
}
