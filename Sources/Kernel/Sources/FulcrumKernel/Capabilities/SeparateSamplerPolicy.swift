/// A policy whose completions may come from another program than its scores, as from vLLM.
///
/// A sampled token's log π is then that program's: close to what `score` gives, and not equal to the
/// bit. Sampling may also go on while the policy trains.
public protocol SeparateSamplerPolicy: PolicyModel {
  /// What samples, for messages: `vLLM`. `nil`: the policy itself does, and the other methods are not
  /// called.
  var separateSampler: String? { get }

  /// Begins to sample from the weights as they are now, and returns while the sampler works.
  ///
  /// Any other method may be called before `finishGenerating`; what it does to the weights doesn't
  /// concern the request. One request is under way at a time.
  ///
  /// - Throws: as `generate`.
  func beginGenerating(_ request: GenerationRequest) throws(FulcrumError)

  /// Waits for the request that was begun, and returns what it sampled.
  ///
  /// - Throws: as `generate`; nothing is under way then.
  func finishGenerating() throws(FulcrumError) -> Generation
}
