import FulcrumKernel
import TransformerFormats

/// Checkpoints: Hugging Face folders, and the optimiser's state beside them.
extension TransformerPolicy {
  private static let weightsFile = "model.safetensors"
  private static let optimizerFile = "optimizer.safetensors"
  private static let stepKey = "step"
  /// PyTorch's names of Adam's moments, put before the parameters' names.
  private static let momentPrefixes = ["exp_avg.", "exp_avg_sq."]

  /// - Throws: what reading config.json, tokenizer.json and model.safetensors throws; `.checkpoint`
  ///   if they don't fit each other.
  static func readModel(
    fromFolder folder: String, pool: ThreadPool
  ) throws(FulcrumError) -> Model {
    let shape = try ModelShape.read(fromFolder: folder)
    let tokenizer = try Tokenizer(folder: folder)
    guard tokenizer.vocabularySize <= shape.vocabularySize else {
      throw FulcrumError(
        .checkpoint,
        "the tokenizer has \(tokenizer.vocabularySize) tokens, the model"
          + " \(shape.vocabularySize)", at: folder,
        hint: "tokenizer.json and config.json are of different models")
    }
    let network = Network(shape, pool: pool)
    let file = try TensorFile(path: folder + "/" + weightsFile)
    try read(network.layout.tensors, prefix: "", from: file, into: network.parameters)
    return Model(network: network, tokenizer: tokenizer)
  }

  package func save(to directory: String) throws(FulcrumError) {
    let model = try ready()
    let network = model.network
    let shape = network.shape
    try shape.write(toFolder: directory, precision: savePrecision)
    try model.tokenizer.write(
      toFolder: directory, endToken: try text(of: shape.endToken, in: model),
      padToken: try text(of: shape.padToken, in: model), contextLength: shape.contextLength)
    try Self.write(
      [("", network.parameters)], layout: network.layout, metadata: [:],
      precision: savePrecision, to: directory + "/" + Self.weightsFile)
  }

  package func saveOptimizer(to directory: String) throws(FulcrumError) {
    let network = try ready().network
    let optimizer = trainingState(of: network).optimizer
    try Self.write(
      Array(zip(Self.momentPrefixes, [optimizer.firstMoments, optimizer.secondMoments])),
      layout: network.layout, metadata: [Self.stepKey: String(optimizer.stepCount)],
      precision: .f32, to: directory + "/" + Self.optimizerFile)
  }

  /// After an error the optimiser's state is part old, part new: load again, or don't train on.
  package func loadOptimizer(from directory: String) throws(FulcrumError) {
    let network = try ready().network
    let optimizer = trainingState(of: network).optimizer
    let path = directory + "/" + Self.optimizerFile
    let file = try TensorFile(path: path)
    guard let text = file.metadata[Self.stepKey], let step = Int(text), step >= 0 else {
      throw FulcrumError(
        .checkpoint,
        "expected the number of steps in the metadata under '\(Self.stepKey)', got"
          + " \(file.metadata[Self.stepKey].map { "'\($0)'" } ?? "nothing")", at: path,
        hint: "the file was not written by this policy's optimiser")
    }
    for (prefix, moments) in zip(
      Self.momentPrefixes, [optimizer.firstMoments, optimizer.secondMoments])
    {
      try Self.read(network.layout.tensors, prefix: prefix, from: file, into: moments)
    }
    optimizer.stepCount = step
  }

  private func text(of token: Int32, in model: Model) throws(FulcrumError) -> String {
    try model.tokenizer.decode([token], keepingSpecialTokens: true)
  }

  private static func read(
    _ tensors: [ParameterLayout.Tensor], prefix: String, from file: TensorFile,
    into buffer: FloatBuffer
  ) throws(FulcrumError) {
    for tensor in tensors {
      var values = UnsafeMutableBufferPointer(
        start: buffer.pointer + tensor.offset, count: tensor.count
      ).mutableSpan
      try file.read(prefix + tensor.name, shape: tensor.shape, into: &values)
    }
  }

  private static func write(
    _ groups: [(prefix: String, values: FloatBuffer)], layout: ParameterLayout,
    metadata: [String: String], precision: TensorPrecision, to path: String
  ) throws(FulcrumError) {
    let tensors = layout.tensors
    let entries = groups.flatMap { group in
      tensors.map { (name: group.prefix + $0.name, shape: $0.shape) }
    }
    try TensorFile.write(
      path: path, precision: precision, metadata: metadata, tensors: entries
    ) { (index, body) throws(FulcrumError) in
      let tensor = tensors[index % tensors.count]
      let values = UnsafeBufferPointer(
        start: groups[index / tensors.count].values.pointer + tensor.offset,
        count: tensor.count)
      try body(values.span)
    }
  }
}
