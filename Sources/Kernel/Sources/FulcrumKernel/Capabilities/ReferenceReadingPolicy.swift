/// A policy that can read another checkpoint beside its own, where a second policy of its parameters
/// would cost what both could share: an engine's processes, a model whose adapters alone differ.
public protocol ReferenceReadingPolicy: PolicyModel {
  /// A policy with the weights of another checkpoint of this one's shape.
  ///
  /// A run that is resumed reads its reference so. A policy that is blendable gives one that is
  /// blendable with it.
  ///
  /// - Throws: `.checkpoint` for a checkpoint that is damaged or of another shape.
  func readReference(from checkpoint: String) throws(FulcrumError) -> any PolicyModel
}
