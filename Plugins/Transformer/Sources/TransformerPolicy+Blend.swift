import FulcrumKernel
import Glibc
import TransformerFormats
import TransformerKernels

/// Moves towards another policy: averages of weights, and references that follow.
extension TransformerPolicy: BlendablePolicy {
  /// Computes θ ← (1 − share) θ + share θ', each product and sum in f32 or fused; 0 and 1 are
  /// copies.
  ///
  /// - Throws: `.usage` for a share out of 0...1, and for a policy of another type or shape.
  package func blend(with other: any PolicyModel, share: Double) throws(FulcrumError) {
    let network = try ready().network
    guard share >= 0, share <= 1 else {
      throw FulcrumError(
        .usage, "expected a share from 0 to 1 to blend with, got \(share)", at: Self.manual.name)
    }
    guard let other = other as? TransformerPolicy else {
      throw FulcrumError(
        .usage,
        "expected a policy of the same type to blend with, got"
          + " '\(type(of: other).manual.name)'", at: Self.manual.name,
        hint: "policies that are blended start from one checkpoint")
    }
    let model = try other.ready().network
    guard model.shape.sizes == network.shape.sizes else {
      throw FulcrumError(
        .usage,
        "expected a policy of the same shape to blend with: \(network.shape.sizes);"
          + " got \(model.shape.sizes)", at: Self.manual.name,
        hint: "policies that are blended start from one checkpoint")
    }
    try checkAdapters(network, model)
    network.blend(with: model, share: share)
  }

  /// Checks that both train the same: all weights, or the same adapters of one base.
  private func checkAdapters(_ own: Network, _ other: Network) throws(FulcrumError) {
    guard
      own.trainedTable == other.trainedTable,
      own.adapter?.scale == other.adapter?.scale
    else {
      throw FulcrumError(
        .usage,
        "expected a policy of the same adapters to blend with: \(Self.adapters(of: own)); got"
          + " \(Self.adapters(of: other))", at: Self.manual.name,
        hint: "policies that are blended start from one checkpoint")
    }
    guard own.adapter == nil || own.hasParameters(of: other) else {
      throw FulcrumError(
        .usage, "expected adapters of the same base to blend with, got those of another",
        at: Self.manual.name, hint: "policies that are blended start from one checkpoint")
    }
  }

  private static func adapters(of network: Network) -> String {
    guard let adapter = network.adapter else { return "none" }
    return "\(adapter.layout.table.tensors.count / 2) of rank \(adapter.layout.rank), scaled by"
      + " \(adapter.scale)"
  }
}

extension Network {
  /// The number of floats of one item of parallel work.
  private static let blendBlock = 1 << 16

  /// - Precondition: both train the same tensors.
  fileprivate func blend(with other: Network, share: Double) {
    if share == 0 { return }
    let (own, target) = (trained.pointer, other.trained.pointer)
    if share == 1 { return replaceTrained(by: other.trained) }
    let count = trainedTable.floatCount
    pool.run((count + Self.blendBlock - 1) / Self.blendBlock) { block, _ in
      let first = block * Self.blendBlock
      tk_blend(
        target + first, own + first, Int32(min(Self.blendBlock, count - first)),
        Float(1 - share), Float(share))
    }
    parametersChanged()
  }

  /// Copies all values that are trained.
  ///
  /// - Precondition: they are of the same tensors.
  func replaceTrained(by values: FloatBuffer) {
    let count = trainedTable.floatCount
    precondition(values.count >= count, "one model's buffers")
    guard values.pointer != trained.pointer else { return }
    trained.pointer.update(from: values.pointer, count: count)
    parametersChanged()
  }

  /// Tells whether both have the same parameters, beside those of adapters.
  ///
  /// - Precondition: both have the same layout.
  fileprivate func hasParameters(of other: Network) -> Bool {
    parameters === other.parameters
      || memcmp(
        parameters.pointer, other.parameters.pointer,
        layout.floatCount * MemoryLayout<Float>.stride) == 0
  }
}

extension ModelShape {
  /// The sizes that decide the parameters' number, places and names, as text.
  fileprivate var sizes: String {
    "\(family.rawValue), \(layerCount) layers of width \(width) and hidden width \(hiddenWidth),"
      + " \(headCount) heads (\(keyValueHeadCount) for keys) of size \(headSize),"
      + " \(vocabularySize) tokens, \(isTied ? "tied" : "a head of its own")"
  }
}
