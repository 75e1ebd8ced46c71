import FulcrumKernel
import TransformerFormats

/// The optimiser's state, in a safetensors file of its own.
extension TransformerPolicy {
  private static let optimizerFile = "optimizer.safetensors"
  private static let stepKey = "step"
  /// PyTorch's names of Adam's moments, put before the parameters' names.
  private static let momentPrefixes = ["exp_avg.", "exp_avg_sq."]

  package func saveOptimizer(to directory: String) throws(FulcrumError) {
    let network = try ready().network
    let optimizer = trainingState(of: network).optimizer
    let moments = zip(Self.momentPrefixes, [optimizer.firstMoments, optimizer.secondMoments])
    let tensors = moments.flatMap { prefix, values in
      network.layout.tensors.map { tensor in
        StoredTensor(
          plan: TensorFile.Plan(name: prefix + tensor.name, shape: tensor.shape, precision: .f32),
          values: UnsafeBufferPointer(start: values.pointer + tensor.offset, count: tensor.count))
      }
    }
    try Self.write(
      tensors, metadata: [Self.stepKey: String(optimizer.stepCount)],
      to: directory + "/" + Self.optimizerFile)
  }

  /// After an error the optimiser's state is part old, part new: load again, or don't train on.
  package func loadOptimizer(from directory: String) throws(FulcrumError) {
    let network = try ready().network
    let optimizer = trainingState(of: network).optimizer
    let file = try CheckpointTensors(file: directory + "/" + Self.optimizerFile)
    guard let text = file.metadata[Self.stepKey], let step = Int(text), step >= 0 else {
      throw FulcrumError(
        .checkpoint,
        "expected the number of steps in the metadata under '\(Self.stepKey)', got"
          + " \(file.metadata[Self.stepKey].map { "'\($0)'" } ?? "nothing")", at: file.path,
        hint: "the file was not written by this policy's optimiser")
    }
    for (prefix, moments) in zip(
      Self.momentPrefixes, [optimizer.firstMoments, optimizer.secondMoments])
    {
      try Self.read(network.layout.tensors, prefix: prefix, from: file, into: moments)
    }
    optimizer.stepCount = step
  }
}
