/// A policy that can give a copy of itself that stays as it is.
public protocol FreezablePolicy: PolicyModel {
  /// A copy with the present weights, which stays as it is when this policy moves. No file is read.
  ///
  /// A policy that is blendable gives one that is blendable, too.
  func frozenCopy() throws(FulcrumError) -> any FrozenPolicy
}
