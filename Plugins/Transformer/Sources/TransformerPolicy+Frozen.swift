import FulcrumKernel

/// Makes references: copies that stay as they are while the policy moves.
extension TransformerPolicy: FreezablePolicy {
  /// Returns a policy of the same weights, tokenizer and files, without gradient and optimiser:
  /// they are made if it is trained after all. Weights are copied in memory, in float32; with
  /// adapters these alone, as both share the base. So its scores have the bits that this policy's
  /// have now, whatever the checkpoint's precision is.
  ///
  /// - Throws: `.usage` without a model.
  package func frozenCopy() throws(FulcrumError) -> any FrozenPolicy {
    TransformerPolicy(copying: self, try ready())
  }
}
