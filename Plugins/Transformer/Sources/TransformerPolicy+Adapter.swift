import FulcrumKernel
import TransformerFormats

/// Makes, reads and writes low-rank adapters: peft's folders.
extension TransformerPolicy {
  /// Reads a model: a whole one, to which adapters are added if the settings ask for them, or an
  /// adapter's base with the adapter.
  ///
  /// - Throws: as `readModel`; `.parameter` where the settings ask for adapters of another rank than
  ///   those that are there.
  static func readModel(
    fromFolder folder: String, _ settings: LoRASettings, _ parameters: Parameters, seed: UInt64,
    pool: ThreadPool, backEnd: ProductBackEnd
  ) throws(FulcrumError) -> Model {
    let merged = folder + "/" + AdapterConfiguration.mergedFolder
    let own =
      settings.saving == .merged && AdapterConfiguration.isAdapter(merged) ? merged : folder
    guard AdapterConfiguration.isAdapter(own) else {
      let model = try readModel(fromFolder: folder, pool: pool, backEnd: backEnd)
      if settings.rank > 0 {
        model.network.attach(
          freshAdapter(settings, base: folder, of: model.network, seed: seed, pool: pool))
      }
      return model
    }
    let configuration = try AdapterConfiguration(folder: own)
    guard settings.rank == 0 || settings.rank == configuration.rank else {
      throw parameters.refuse(
        "lora-rank",
        "the adapter in '\(own)' has rank \(configuration.rank), got \(settings.rank)",
        hint:
          "leave 'lora-rank' out, or set it to \(configuration.rank); or begin new adapters from"
          + " the base")
    }
    let model = try readModel(
      fromFolder: configuration.base,
      tokenizerFolder: AdapterConfiguration.tokenizerFolder(own), pool: pool, backEnd: backEnd)
    model.network.attach(try readAdapter(configuration, folder: own, of: model.network.shape))
    let note = CheckpointFolder.note(ofModelBesideAdapterIn: own, base: configuration.base)
    CheckpointNotes.tell(note.map { [$0] } ?? [], of: own)
    return model
  }

  /// Returns adapters whose product is 0, so that the model is its base until it is trained.
  private static func freshAdapter(
    _ settings: LoRASettings, base: String, of network: Network, seed: UInt64, pool: ThreadPool
  ) -> Adapter {
    let shape = network.shape
    let adapter = Adapter(
      AdapterConfiguration(
        rank: settings.rank, alpha: settings.alpha, projections: settings.projections, base: base),
      AdapterLayout(
        shape, rank: settings.rank,
        projections: Array(repeating: settings.projections, count: shape.layerCount)))
    adapter.layout.table.initialize(
      adapter.parameters, from: CounterRandom(seed: seed, purpose: "adapters"), pool: pool)
    return adapter
  }

  /// Reads an adapter's weights. The tensors that are there say which projections have adapters.
  private static func readAdapter(
    _ configuration: AdapterConfiguration, folder: String, of shape: ModelShape
  ) throws(FulcrumError) -> Adapter {
    let file = try CheckpointTensors(file: folder + "/" + AdapterConfiguration.weightsName)
    var projections = Array(repeating: Set<AdapterProjection>(), count: shape.layerCount)
    for name in file.names {
      guard let (layer, projection) = AdapterProjection.find(name), layer < shape.layerCount else {
        let all = AdapterProjection.allCases.map(\.rawValue).joined(separator: ", ")
        throw FulcrumError(
          .unsupported,
          "expected adapters of \(all) in \(shape.layerCount) layers, got tensor '\(name)'",
          at: file.path, hint: "the policy torch takes what peft does")
      }
      projections[layer].insert(projection)
    }
    guard projections.contains(where: { !$0.isEmpty }) else {
      throw FulcrumError(.checkpoint, "expected an adapter's tensors, got none", at: file.path)
    }
    try configuration.check(projections)
    let layout = AdapterLayout(shape, rank: configuration.rank, projections: projections)
    // Only after this check does the file justify memory.
    try file.require(layout.table.tensors.map { ($0.name, $0.shape) }) { _ in false }
    let adapter = Adapter(configuration, layout)
    try read(layout.table.tensors, prefix: "", from: file, into: adapter.parameters)
    return adapter
  }

  /// Reads the adapter of a folder, or of a merged model's; of the base itself they are zero.
  ///
  /// - Throws: `.checkpoint` where the folder is of another base than an adapter's; and what reading
  ///   throws.
  static func readAdapter(
    like adapter: Adapter, from folder: String, of shape: ModelShape
  ) throws(FulcrumError) -> Adapter {
    let base = adapter.configuration.base
    let places = [folder, folder + "/" + AdapterConfiguration.mergedFolder]
    guard let own = places.first(where: AdapterConfiguration.isAdapter) else {
      guard AdapterConfiguration.isFolder(folder, base) else {
        throw anotherBase(than: base, got: folder)
      }
      return Adapter(adapter.configuration, adapter.layout)
    }
    let configuration = try AdapterConfiguration(folder: own)
    guard configuration.base == base else { throw anotherBase(than: base, got: folder) }
    return try readAdapter(configuration, folder: own, of: shape)
  }

  private static func anotherBase(than base: String, got folder: String) -> FulcrumError {
    FulcrumError(
      .checkpoint, "expected an adapter of '\(base)', or that folder itself, got '\(folder)'",
      at: manual.name,
      hint: "where adapters are trained, a reference is other adapters of the same base")
  }

  /// Writes peft's folder, in f32, with the tokenizer, and makes it if it is not there.
  func saveAdapter(
    _ adapter: Adapter, of model: Model, to directory: String
  ) throws(FulcrumError) {
    try adapter.configuration.write(toFolder: directory)
    try model.origin?.configuration.writeGeneration(toFolder: directory)
    try saveTokenizer(of: model, to: directory)
    try Self.write(
      model.network.stored(adapter.parameters), metadata: [:],
      to: directory + "/" + AdapterConfiguration.weightsName)
  }
}
