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
    let model = try ready()
    return try TransformerPolicy(settingsOf: self) { (pool) throws(FulcrumError) in
      Model(
        network: model.network.copy(on: pool), tokenizer: model.tokenizer, origin: model.origin)
    }
  }
}

/// Reads references: a resumed run's.
extension TransformerPolicy: ReferenceReadingPolicy {
  /// Returns a policy with another checkpoint's weights. With adapters it is other adapters of the
  /// same base, which both share, or the base itself, whose adapters are zero.
  ///
  /// - Throws: `.usage` without a model, `.checkpoint` for another base, and what reading throws.
  package func readReference(from checkpoint: String) throws(FulcrumError) -> any PolicyModel {
    let own = try ready()
    return try TransformerPolicy(settingsOf: self) { (pool) throws(FulcrumError) in
      guard let adapter = own.network.adapter else {
        return try Self.readModel(fromFolder: checkpoint, pool: pool, backEnd: self.backEnd)
      }
      let network = own.network.copy(on: pool)
      network.attach(try Self.readAdapter(like: adapter, from: checkpoint, of: network.shape))
      return Model(network: network, tokenizer: own.tokenizer, origin: own.origin)
    }
  }
}
