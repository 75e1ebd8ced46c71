/// A policy that can show tokens while it samples.
public protocol StreamingPolicy: PolicyModel {
  /// Samples as `generate` does, to the same bits, and shows each token once it is drawn.
  ///
  /// - Parameters:
  ///   - request: as `generate` takes it.
  ///   - observe: called on this thread; `prompt` is the place in the request. The tokens of one
  ///     sample come in order.
  func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation
}
