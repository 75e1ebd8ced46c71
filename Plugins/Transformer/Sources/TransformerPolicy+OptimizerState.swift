import FulcrumKernel
import TransformerFormats

/// Saves and loads the optimiser's state, in a safetensors file of its own. Beside it are the
/// weights in float32 if the checkpoint's are rounded.
extension TransformerPolicy {
  private static let optimizerFile = "optimizer.safetensors"
  private static let stepKey = "step"
  /// The key of the optimiser's name in its file; absent for AdamW.
  private static let optimizerKey = "optimizer"
  private static let masterFile = "master.safetensors"
  /// The key of the master file's name, if there is one, so that its loss is noticed.
  private static let masterKey = "master"
  /// The key of an adapter's base: its `BaseDigest`.
  private static let baseKey = "base"

  package func saveOptimizer(to directory: String) throws(FulcrumError) {
    let model = try ready()
    let network = model.network
    let optimizer = trainingState(of: network).optimizer
    var metadata = [Self.stepKey: String(optimizer.stepCount)]
    let choice = type(of: optimizer).choice
    if choice != .adamw { metadata[Self.optimizerKey] = choice.rawValue }
    if network.adapter != nil { metadata[Self.baseKey] = network.baseDigest }
    // Adapters are saved in f32.
    if network.adapter == nil, stored(model).contains(where: { $0.plan.precision != .f32 }) {
      metadata[Self.masterKey] = Self.masterFile
      try Self.write(
        network.stored(network.trained), metadata: [:],
        to: directory + "/" + Self.masterFile)
    }
    try Self.write(
      optimizer.moments.flatMap { network.stored($0.values, prefix: $0.prefix) },
      metadata: metadata,
      to: directory + "/" + Self.optimizerFile)
  }

  /// Loads the state. After an error the policy is as it was.
  package func loadOptimizer(from directory: String) throws(FulcrumError) {
    let network = try ready().network
    let tensors = network.trainedTable.tensors
    let file = try CheckpointTensors(file: directory + "/" + Self.optimizerFile)
    guard let text = file.metadata[Self.stepKey], let step = Int(text), step >= 0 else {
      throw FulcrumError(
        .checkpoint,
        "expected the number of steps in the metadata under '\(Self.stepKey)', got"
          + " \(file.metadata[Self.stepKey].map { "'\($0)'" } ?? "nothing")", at: file.path,
        hint: "the file was not written by this policy's optimiser")
    }
    try requireOwnOptimizer(of: file)
    if let adapter = network.adapter, let digest = file.metadata[Self.baseKey],
      digest != network.baseDigest
    {
      throw FulcrumError(
        .checkpoint,
        "expected the base that the adapter was trained on, got other weights in"
          + " '\(adapter.configuration.base)'", at: file.path,
        hint:
          "put the weights back that were there; or begin a new run, with the adapter's folder as"
          + " checkpoint")
    }
    let prefixes = optimizerSettings.choice.momentPrefixes
    let names = prefixes.flatMap { prefix in
      tensors.map { (name: prefix + $0.name, shape: $0.shape) }
    }
    try Self.require(names, in: file)
    let master = try Self.master(file, tensors, in: directory)
    // Reads into fresh memory throughout: the policy changes only after everything is read.
    var read: [FloatBuffer] = []
    for (file, prefix) in prefixes.map({ (file, $0) }) + (master.map { [($0, "")] } ?? []) {
      let buffer = FloatBuffer(count: network.trainedTable.floatCount)
      try Self.read(tensors, prefix: prefix, from: file, into: buffer)
      read.append(buffer)
    }
    resume(network, moments: Array(read.prefix(prefixes.count)), stepCount: step)
    if master != nil { network.replaceTrained(by: read[prefixes.count]) }
  }

  /// Checks that a file holds the state of the optimiser that the parameters name.
  private func requireOwnOptimizer(of file: CheckpointTensors) throws(FulcrumError) {
    let own = optimizerSettings.choice.rawValue
    let stored = file.metadata[Self.optimizerKey] ?? OptimizerChoice.adamw.rawValue
    guard stored == own else {
      throw FulcrumError(
        .checkpoint, "expected the state of the optimiser '\(own)', got that of '\(stored)'",
        at: file.path,
        hint: "set the policy's parameter 'optimizer' to '\(stored)' to go on from it")
    }
  }

  /// Returns the file of the weights in float32 that belongs to an optimiser's file, its header
  /// checked; `nil` if the checkpoint's weights are not rounded.
  private static func master(
    _ optimizer: CheckpointTensors, _ tensors: [ParameterLayout.Tensor], in directory: String
  ) throws(FulcrumError) -> CheckpointTensors? {
    guard let name = optimizer.metadata[masterKey] else { return nil }
    guard name == masterFile else {
      throw FulcrumError(
        .checkpoint,
        "expected '\(masterFile)' in the metadata under '\(masterKey)', got '\(name)'",
        at: optimizer.path, hint: "the file was not written by this policy's optimiser")
    }
    let path = directory + "/" + masterFile
    let file: CheckpointTensors
    do throws(FulcrumError) {
      file = try CheckpointTensors(file: path)
    } catch  where error.code == .notFound {
      throw FulcrumError(
        .checkpoint, "there is no '\(masterFile)', which should hold the weights in float32",
        at: optimizer.path, hint: "the checkpoint is incomplete: use an earlier one")
    }
    try require(tensors.map { ($0.name, $0.shape) }, in: file)
    return file
  }

  /// Checks that a file has exactly these tensors, in float32.
  private static func require(
    _ tensors: [(name: String, shape: [Int])], in file: CheckpointTensors
  ) throws(FulcrumError) {
    try file.require(tensors) { _ in false }
    for tensor in tensors {
      let precision = try file.precision(of: tensor.name)
      guard precision == .f32 else {
        throw FulcrumError(
          .checkpoint, "tensor '\(tensor.name)' is stored as \(precision.rawValue), expected f32",
          at: file.path, hint: "rounded numbers don't continue to the same bits")
      }
    }
  }
}

extension Network {
  /// By which the parameters that adapters leave as they are are known again.
  fileprivate var baseDigest: String {
    BaseDigest.text(
      of: UnsafeBufferPointer(start: parameters.pointer, count: layout.floatCount).span)
  }
}
