import FulcrumKernel
import TransformerFormats

/// Holds a tensor that is to be written to a file.
struct StoredTensor {
  let plan: TensorFile.Plan
  /// The values, as many as the plan's shape has; the model or the optimiser owns them.
  let values: UnsafeBufferPointer<Float>
  /// The adapter's part that is merged in when the tensor is written.
  var addition: Adapter.Part?
}

extension Network {
  /// Returns the tensors of a flat array in the places of what is trained, in f32; `prefix` is put
  /// before their names.
  func stored(_ values: FloatBuffer, prefix: String = "") -> [StoredTensor] {
    trainedTable.tensors.map { tensor in
      StoredTensor(
        plan: TensorFile.Plan(name: prefix + tensor.name, shape: tensor.shape, precision: .f32),
        values: UnsafeBufferPointer(start: values.pointer + tensor.offset, count: tensor.count))
    }
  }
}

/// Copies between files and the flat arrays of parameters and moments.
extension TransformerPolicy {
  /// Reads tensors to their places; in the file, `prefix` is before their names.
  ///
  /// - Throws: what `CheckpointTensors.read` throws.
  static func read(
    _ tensors: [ParameterLayout.Tensor], prefix: String, from file: CheckpointTensors,
    into buffer: FloatBuffer
  ) throws(FulcrumError) {
    for tensor in tensors {
      var values = UnsafeMutableBufferPointer(
        start: buffer.pointer + tensor.offset, count: tensor.count
      ).mutableSpan
      try file.read(prefix + tensor.name, shape: tensor.shape, into: &values)
    }
  }

  /// Writes tensors in the order given.
  ///
  /// - Throws: what `TensorFile.write` throws.
  static func write(
    _ tensors: [StoredTensor], metadata: [String: String], to path: String
  ) throws(FulcrumError) {
    try TensorFile.write(path: path, metadata: metadata, tensors: tensors.map(\.plan)) {
      (index, body) throws(FulcrumError) in
      let values = tensors[index].values
      guard let addition = tensors[index].addition else { return try body(values.span) }
      let merged = addition.added(to: values)
      try body(UnsafeBufferPointer(start: merged.pointer, count: values.count).span)
      // The span must not outlive the memory.
      withExtendedLifetime(merged) {}
    }
  }
}
