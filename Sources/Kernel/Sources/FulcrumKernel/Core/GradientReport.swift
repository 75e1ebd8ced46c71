/// Tells what an optimiser step did.
public struct GradientReport: Sendable {
  /// Global L2 norm over all parameters, before clipping.
  public let norm: Double
  /// Whether the gradient was scaled down to the norm limit.
  public let isClipped: Bool

  public init(norm: Double, isClipped: Bool) {
    self.norm = norm
    self.isClipped = isClipped
  }
}
