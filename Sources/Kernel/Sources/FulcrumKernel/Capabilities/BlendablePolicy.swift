/// A policy that can move towards another of its shape, as a reference that follows the training does.
public protocol BlendablePolicy: PolicyModel {
  /// Moves the parameters towards another policy's: θ ← (1 − share) θ + share θ'.
  ///
  /// - Parameters:
  ///   - other: has the parameters θ'; it stays as it is.
  ///   - share: in 0...1; 1 copies the other's to the bit.
  /// - Throws: `.usage` for a policy of another type or shape, or one whose weights are out of reach, as
  ///   in another process. Those of a policy and its frozen copies never are.
  func blend(with other: any PolicyModel, share: Double) throws(FulcrumError)
}
