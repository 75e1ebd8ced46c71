import FulcrumKernel
import Glibc
import TransformerFormats

/// Reads and writes checkpoints: Hugging Face folders.
extension TransformerPolicy {
  /// Holds the contents of a checkpoint's files beside the model, so that saving keeps them.
  struct Origin {
    let configuration: ConfigurationFiles
    /// The tensors in the order of the files.
    let tensors: [(name: String, precision: TensorPrecision)]
    let metadata: [String: String]
    /// The tensors of heads that a policy has no use for.
    let leftOut: [String]
  }

  private static let weightsFile = "model.safetensors"
  private static let headName = "lm_head.weight"
  /// The end of the names of rotary frequencies, which old files store although `config.json` gives
  /// them.
  private static let frequenciesSuffix = ".rotary_emb.inv_freq"

  /// - Throws: what reading config.json, tokenizer.json and the safetensors files throws;
  ///   `.checkpoint` if they don't fit each other.
  /// - Parameter tokenizerFolder: the folder of the tokenizer; `nil`: the model's.
  static func readModel(
    fromFolder folder: String, tokenizerFolder: String? = nil, pool: ThreadPool,
    backEnd: ProductBackEnd
  ) throws(FulcrumError) -> Model {
    try CheckpointFolder.inspect(folder)
    var notes: [String] = []
    let configuration = try ConfigurationFiles(folder: folder)
    var shape = try ModelShape(configuration)
    var tokenizer = try Tokenizer(folder: tokenizerFolder ?? folder)
    tokenizer.rowCount = shape.vocabularySize
    guard tokenizer.lacksRowsOfAddedTokensOnly else {
      throw FulcrumError(
        .checkpoint,
        "the tokenizer has \(tokenizer.vocabularySize) tokens, the model"
          + " \(shape.vocabularySize)", at: tokenizerFolder ?? folder,
        hint: "tokenizer.json and config.json are of different models")
    }
    if !tokenizer.tokensWithoutRow.isEmpty {
      let tokens = tokenizer.tokensWithoutRow.compactMap { tokenizer.text(ofAdded: $0) }
      notes.append(
        "the model has no row for \(tokens.joined(separator: ", ")) of the tokenizer: a text with it"
          + " is refused")
    }
    let tokenRows = tokenizer.tokenRows
    if !tokenRows.contains(shape.padToken) { shape.padToken = shape.endToken }
    let file = try CheckpointTensors(folder: folder)
    // A layout of more layers than tensors would take much memory, only to find that they are
    // absent.
    guard shape.layerCount <= file.names.count else {
      throw FulcrumError(
        .checkpoint,
        "num_hidden_layers is \(shape.layerCount), but there are only \(file.names.count) tensors",
        at: file.path, hint: "config.json describes another model")
    }
    let layout = ParameterLayout(shape)
    try file.refuseWrapped(ParameterLayout.embeddingName)
    try file.require(layout.tensors.map { ($0.name, $0.shape) }) { name in
      name.hasSuffix(frequenciesSuffix) || shape.isTied && name == headName
        || CheckpointFolder.isExtraHead(name)
    }
    let network = Network(shape, tokenRows: tokenRows, pool: pool, backEnd: backEnd)
    try read(network.layout.tensors, prefix: "", from: file, into: network.parameters)
    let leftOut = file.names.filter(CheckpointFolder.isExtraHead)
    if let note = CheckpointFolder.note(leavingOut: leftOut) { notes.append(note) }
    CheckpointNotes.tell(notes, of: folder)
    let names = file.names.filter {
      !$0.hasSuffix(frequenciesSuffix) && !CheckpointFolder.isExtraHead($0)
    }
    if shape.isTied && names.contains(headName) { try checkTiedHead(file, network) }
    var tensors: [(name: String, precision: TensorPrecision)] = []
    for name in names { tensors.append((name, try file.precision(of: name))) }
    return Model(
      network: network, tokenizer: tokenizer,
      origin: Origin(
        configuration: configuration, tensors: tensors, metadata: file.metadata,
        leftOut: leftOut))
  }

  /// Checks the head that a tied model's file may hold as well: it must be the same as the
  /// embedding.
  private static func checkTiedHead(
    _ file: CheckpointTensors, _ network: Network
  ) throws(FulcrumError) {
    let shape = network.shape
    let head = FloatBuffer(count: shape.vocabularySize * shape.width)
    var values = UnsafeMutableBufferPointer(start: head.pointer, count: head.count).mutableSpan
    try file.read(headName, shape: [shape.vocabularySize, shape.width], into: &values)
    let embedding = network.parameters.pointer + network.layout.embedding
    guard memcmp(head.pointer, embedding, head.count * MemoryLayout<Float>.stride) == 0 else {
      throw FulcrumError(
        .checkpoint,
        "tensor '\(headName)' differs from '\(ParameterLayout.embeddingName)', but"
          + " tie_word_embeddings is true",
        at: file.path, hint: "set tie_word_embeddings to false if the model has a head of its own")
    }
  }

  /// Writes a Hugging Face folder of the whole model, or peft's folder of its adapters.
  package func save(to directory: String) throws(FulcrumError) {
    let model = try ready()
    let network = model.network
    if let adapter = network.adapter {
      guard mergesAdapters else { return try saveAdapter(adapter, of: model, to: directory) }
      // A run goes on from the adapter, which a merged model doesn't have any more.
      try saveAdapter(
        adapter, of: model, to: directory + "/" + AdapterConfiguration.mergedFolder)
    }
    if let origin = model.origin {
      try origin.configuration.write(toFolder: directory, precision: savePrecision)
    } else {
      try network.shape.write(toFolder: directory, precision: savePrecision ?? .f32)
    }
    try saveTokenizer(of: model, to: directory)
    try Self.write(
      stored(model), metadata: model.origin?.metadata ?? [:],
      to: directory + "/" + Self.weightsFile)
  }

  func saveTokenizer(of model: Model, to directory: String) throws(FulcrumError) {
    let shape = model.network.shape
    try model.tokenizer.write(
      toFolder: directory, endToken: try text(of: shape.endToken, in: model),
      padToken: try text(of: shape.padToken, in: model), contextLength: shape.contextLength)
  }

  /// Returns the model's tensors, in the order and under the names of the checkpoint it was read
  /// from, adapters merged in.
  func stored(_ model: Model) -> [StoredTensor] {
    let network = model.network
    let additions = network.adapter?.parts ?? [:]
    func stored(
      _ name: String, _ tensor: ParameterLayout.Tensor, _ precision: TensorPrecision
    ) -> StoredTensor {
      StoredTensor(
        plan: TensorFile.Plan(name: name, shape: tensor.shape, precision: precision),
        values: UnsafeBufferPointer(
          start: network.parameters.pointer + tensor.offset, count: tensor.count),
        addition: additions[tensor.name])
    }
    guard let origin = model.origin else {
      return network.layout.tensors.map { stored($0.name, $0, savePrecision ?? .f32) }
    }
    let tensors = Dictionary(
      network.layout.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return origin.tensors.compactMap { name, precision in
      // A name without a tensor of its own is a tied model's head.
      (tensors[name] ?? tensors[ParameterLayout.embeddingName]).map {
        stored(name, $0, savePrecision ?? precision)
      }
    }
  }

  private func text(of token: Int32, in model: Model) throws(FulcrumError) -> String {
    try model.tokenizer.decode([token], keepingSpecialTokens: true)
  }
}
