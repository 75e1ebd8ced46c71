import FulcrumKernel
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
    network.blend(with: model, share: share)
  }
}

extension Network {
  /// The number of floats of one item of parallel work.
  private static let blendBlock = 1 << 16

  /// - Precondition: both have the same layout.
  fileprivate func blend(with other: Network, share: Double) {
    if share == 0 { return }
    if share == 1 { return replaceParameters(by: other.parameters) }
    let count = layout.floatCount
    pool.run((count + Self.blendBlock - 1) / Self.blendBlock) { block, _ in
      let first = block * Self.blendBlock
      tk_blend(
        other.parameters.pointer + first, self.parameters.pointer + first,
        Int32(min(Self.blendBlock, count - first)), Float(1 - share), Float(share))
    }
    parametersChanged()
  }

  /// Copies all parameters.
  ///
  /// - Precondition: both have the same layout.
  func replaceParameters(by values: FloatBuffer) {
    precondition(values.count >= layout.floatCount, "one model's buffers")
    guard values.pointer != parameters.pointer else { return }
    parameters.pointer.update(from: values.pointer, count: layout.floatCount)
    parametersChanged()
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
