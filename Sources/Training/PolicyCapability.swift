import FulcrumKernel

extension PolicyModel {
  /// The policy as one that can do what the kernel's `Capabilities` name.
  ///
  /// - Parameter deed: for the message: `save its gradient`.
  /// - Throws: `.unsupported` if it can't.
  package func capability<Capability>(_ type: Capability.Type, to deed: String)
    throws(FulcrumError) -> Capability
  {
    guard let able = self as? Capability else { throw Self.lacks(type, to: deed) }
    return able
  }

  /// The policy's type as one that can do it without a model.
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
      hint: "it would have to be a \(name), which it is not")
  }
}

extension PolicyModel {
  /// Whether the policy has weights. One that can't be made from nothing always has.
  package var isReady: Bool { (self as? any FreshPolicy)?.isReady ?? true }
}
