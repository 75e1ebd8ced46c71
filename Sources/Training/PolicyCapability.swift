import FulcrumKernel

extension PolicyModel {
  /// Returns the policy as one that has a capability, a protocol of the kernel's `Capabilities`.
  ///
  /// - Parameter deed: what needs the capability, for the message: `save its gradient`.
  /// - Throws: `.unsupported` if the policy lacks it.
  package func capability<Capability>(_ type: Capability.Type, to deed: String)
    throws(FulcrumError) -> Capability
  {
    guard let able = self as? Capability else { throw Self.lacks(type, to: deed) }
    return able
  }

  /// The policy as one that objectives which weigh entropies can train.
  func requireEntropyGradient() throws(FulcrumError) -> any EntropyGradientPolicy {
    try capability((any EntropyGradientPolicy).self, to: "take the gradient of the entropy")
  }

  /// The policy as one that objectives which weigh candidates can train.
  func requireCandidateGradient() throws(FulcrumError) -> any CandidateGradientPolicy {
    try capability(
      (any CandidateGradientPolicy).self, to: "take the gradient of tokens that were not drawn")
  }

  /// Returns the policy's type as one that has a capability, before there is a model.
  ///
  /// - Throws: as above.
  package static func staticCapability<Capability>(_ type: Capability.Type, to deed: String)
    throws(FulcrumError) -> Capability
  {
    guard let able = self as? Capability else { throw lacks(type, to: deed) }
    return able
  }

  private static func lacks<Capability>(_ type: Capability.Type, to deed: String) -> FulcrumError {
    var name = "\(type)"
    for part in ["any ", ".Type", "(", ")"] { name = name.replacing(part, with: "") }
    return FulcrumError(
      .unsupported, "the policy can't \(deed)", at: manual.name,
      hint: "for that it would have to conform to \(name)")
  }
}

extension PolicyModel {
  /// Whether the policy has weights. One that can't be made from nothing always has.
  package var isReady: Bool { (self as? any FreshPolicy)?.isReady ?? true }

  /// Reads the weights of a policy that was made without them.
  package func loadWeights() throws(FulcrumError) { try (self as? any LoadingPolicy)?.load() }
}
