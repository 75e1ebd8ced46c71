/// A mini-batch with the name that messages call it by.
struct NamedMinibatch: Sendable {
  let name: String
  let minibatch: ObjectiveMinibatch

  static var empty: [NamedMinibatch] {
    [
      NamedMinibatch(name: "a mini-batch without sequences", minibatch: .empty),
      NamedMinibatch(name: "a mini-batch without tokens", minibatch: .noTokens),
    ]
  }
  static var oneToken: NamedMinibatch {
    NamedMinibatch(name: "a mini-batch of one token", minibatch: .oneToken)
  }
  static var extreme: NamedMinibatch {
    NamedMinibatch(name: "a mini-batch of extreme values", minibatch: .extreme)
  }

  /// With which the answers of instances are compared.
  static var probes: [NamedMinibatch] {
    [
      NamedMinibatch(name: "the hand-sized mini-batch", minibatch: .handSized),
      NamedMinibatch(name: "random mini-batch 1", minibatch: .random(seed: 1)),
      NamedMinibatch(
        name: "random mini-batch 2, with shares",
        minibatch: ObjectiveMinibatch.random(seed: 2).withUnequalShares),
    ]
  }

  /// The mini-batches at which slopes are taken: near the old policy and far from it, with shares and without.
  static var slopes: [NamedMinibatch] {
    [
      NamedMinibatch(
        name: "random mini-batch 3",
        minibatch: .random(seed: 3, drift: -0.125...0.125, referenceDrift: -0.5...0.5)),
      NamedMinibatch(
        name: "random mini-batch 4, with shares",
        minibatch: ObjectiveMinibatch.random(seed: 4).withUnequalShares),
    ]
  }
}
