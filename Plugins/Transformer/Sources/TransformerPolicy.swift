import FulcrumKernel
import TransformerFormats

/// Samples, scores and trains on the processor: a Llama-style policy.
///
/// - Source: LLaMA, arXiv 2302.13971, section 2.2, with grouped queries (arXiv 2305.13245); Qwen2,
///   arXiv 2407.10671; Qwen3, arXiv 2505.09388.
package final class TransformerPolicy: FreshPolicy {
  /// Holds the model with its tokenizer.
  struct Model {
    let network: Network
    let tokenizer: Tokenizer
    /// The checkpoint's other contents; `nil` for a fresh model.
    let origin: Origin?
  }

  /// The special tokens of a fresh tokenizer: padding, and the two that mark a conversation's
  /// messages.
  private static let padToken = "<|endoftext|>"
  private static let endToken = "<|im_end|>"
  private static let specialTokens = [padToken, "<|im_start|>", endToken]

  package let pool: ThreadPool
  /// The precision of saved weights; `nil`: that of the checkpoint that the model was read from.
  let savePrecision: TensorPrecision?
  let microbatchTokens: Int
  /// Whether a piece of work may have several sequences, and whether those of a group then share
  /// their prompt's rows.
  let packsSequences, sharesPrompts: Bool
  private let logitRows: Int
  let backEnd: ProductBackEnd
  let optimizerSettings: OptimizerSettings
  /// Whether checkpoints hold the whole model, adapters merged in.
  let mergesAdapters: Bool
  let freshShape: ModelShape
  private let seed: UInt64
  private(set) var model: Model?
  package let decodingMemory = DecodingMemory()
  /// The gradient and optimiser, made when a gradient is first needed: a reference policy needs
  /// none.
  package private(set) var training: Training?

  /// - Throws: `.parameter` if the sizes don't fit each other, and what reading the checkpoint
  ///   throws.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    pool = ThreadPool(threads: context.threads)
    seed = context.seed
    optimizerSettings = try Self.optimizerSettings(parameters)
    freshShape = try Self.freshShape(parameters)
    microbatchTokens = try parameters.integer("microbatch-tokens")
    packsSequences = try parameters.flag("packing")
    sharesPrompts = try parameters.flag("share-prompts")
    logitRows = try parameters.integer("logit-rows")
    savePrecision = TensorPrecision(rawValue: try parameters.text("save-precision"))
    backEnd = try Self.backEnd(parameters)
    let adapters = try LoRASettings(parameters)
    mergesAdapters = adapters.saving == .merged
    let folder = try parameters.text("checkpoint")
    if !folder.isEmpty {
      model = try Self.readModel(
        fromFolder: folder, adapters, parameters, seed: seed, pool: pool, backEnd: backEnd)
      model?.network.logitRows = logitRows
    } else if adapters.rank > 0 {
      throw parameters.refuse(
        "lora-rank", "expected 0 for a fresh model, got \(adapters.rank)",
        hint: "adapters need a base: give its folder as 'checkpoint'")
    }
  }

  /// Makes a policy with another's settings, on as many threads of its own.
  ///
  /// - Parameter makeModel: receives the threads.
  init(
    settingsOf policy: TransformerPolicy,
    _ makeModel: (ThreadPool) throws(FulcrumError) -> Model
  ) throws(FulcrumError) {
    pool = ThreadPool(threads: policy.pool.threadCount)
    seed = policy.seed
    optimizerSettings = policy.optimizerSettings
    freshShape = policy.freshShape
    microbatchTokens = policy.microbatchTokens
    packsSequences = policy.packsSequences
    sharesPrompts = policy.sharesPrompts
    logitRows = policy.logitRows
    savePrecision = policy.savePrecision
    mergesAdapters = policy.mergesAdapters
    backEnd = policy.backEnd
    model = try makeModel(pool)
    model?.network.logitRows = logitRows
  }

  package var isReady: Bool { model != nil }

  /// The model's shape and parameters, once there is one.
  package var network: Network? { model?.network }

  package var summary: String {
    guard let model else { return "\(freshShape.family.rawValue), not made yet" }
    let shape = model.network.shape
    return "\(shape.family.rawValue), \(shape.layerCount) layers of width \(shape.width), "
      + "\(shape.headCount) heads (\(shape.keyValueHeadCount) for keys), "
      + "\(model.network.layout.parameterCount) parameters in f32, "
      + (model.network.adapter.map { "\($0.summary), " } ?? "") + "products in "
      + backEnd.summary
  }

  package var parameterCount: Int { model?.network.layout.parameterCount ?? 0 }

  package var contextLength: Int { (model?.network.shape ?? freshShape).contextLength }

  package var endToken: Int32 { (model?.network.shape ?? freshShape).endToken }

  /// Returns the model, or throws an error that says how to make one.
  func ready() throws(FulcrumError) -> Model {
    guard let model else {
      throw FulcrumError(
        .usage, "the policy has no model yet", at: Self.manual.name,
        hint: "give its parameter 'checkpoint', or create a fresh one first")
    }
    return model
  }

  /// - Throws: `.usage` if there is a model already, `.parameter` if the texts give too few tokens.
  package func create(fromTexts texts: [String]) throws(FulcrumError) {
    guard model == nil else {
      throw FulcrumError(
        .usage, "the policy was made already", at: Self.manual.name,
        hint: "leave out the parameter 'checkpoint' for a fresh one")
    }
    let tokenizer = try Tokenizer.train(
      texts: texts, vocabularySize: freshShape.vocabularySize,
      specialTokens: Self.specialTokens)
    guard let end = tokenizer.specialToken(Self.endToken),
      let pad = tokenizer.specialToken(Self.padToken)
    else {
      throw FulcrumError(
        .pluginFault, "the tokenizer lost its special tokens", at: Self.manual.name)
    }
    var shape = freshShape
    // Short texts can give fewer merges than asked for.
    shape.vocabularySize = tokenizer.vocabularySize
    shape.endToken = end
    shape.padToken = pad
    try shape.validate(at: Self.manual.name)
    let network = Network(shape, pool: pool, backEnd: backEnd)
    network.logitRows = logitRows
    network.initialize(from: CounterRandom(seed: seed, purpose: "weights"))
    model = Model(network: network, tokenizer: tokenizer, origin: nil)
  }

  /// - Throws: `.usage` without a model, `.data` for a text with a token that the model has no row
  ///   for.
  package func encode(_ text: String) throws(FulcrumError) -> [Int32] {
    let tokenizer = try ready().tokenizer
    let tokens = tokenizer.encode(text)
    try tokenizer.requireRows(of: tokens)
    return tokens
  }

  package func decode(
    _ tokens: [Int32], keepingSpecialTokens: Bool
  ) throws(FulcrumError) -> String {
    try ready().tokenizer.decode(tokens, keepingSpecialTokens: keepingSpecialTokens)
  }

  /// Returns gradient and optimiser state of a model.
  func trainingState(of network: Network) -> Training {
    if let training { return training }
    let table = network.trainedTable
    let made = Training(
      optimizerSettings.makeOptimizer(for: table), floatCount: table.floatCount)
    training = made
    return made
  }

  /// Drops gradient and optimiser, as if no step had been taken.
  func forgetTraining() { training = nil }

  /// Makes the optimiser go on from a state.
  ///
  /// - Parameter moments: as many as the optimiser has, in the places of what is trained; it keeps
  ///   them.
  func resume(_ network: Network, moments: [FloatBuffer], stepCount: Int) {
    let optimizer = optimizerSettings.makeOptimizer(
      for: network.trainedTable, moments: moments, stepCount: stepCount)
    if let training {
      training.optimizer = optimizer
    } else {
      training = Training(optimizer, floatCount: network.trainedTable.floatCount)
    }
  }
}
