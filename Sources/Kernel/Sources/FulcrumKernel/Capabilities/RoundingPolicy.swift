/// A policy whose numbers depend on how its work is cut: the same tokens differ by rounding when they are
/// sampled and when they are scored, and with another number of threads.
///
/// For one number of threads the same calls in the same order still give the same bits.
public protocol RoundingPolicy: PolicyModel {
  /// The most by which log π of a token may differ so, in nats, with the policy's parameters.
  var roundingTolerance: Float { get }
}
