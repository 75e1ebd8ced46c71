import FulcrumKernel

/// A snapshot of no policy at all.
private final class StrangeSnapshot: PolicySnapshot {}

/// Frozen copies, snapshots and blends: a policy's weights beside those that it has now.
extension Subject where Instance == any PolicyModel {
  func checkFrozenCopy() throws(FulcrumError) {
    let policy = try prepared()
    let batch = try PolicyTrial.sample(policy).generation.sequences
    try PolicyTrial.learn(from: batch, weight: 1, by: policy)
    guard let freezable = policy as? any FreezablePolicy else { return }
    let before = try logTrace(of: batch, by: policy)
    let copy = try freezable.frozenCopy()
    try requireSame(before, try logTrace(of: batch, by: copy), "from the policy and from its copy")
    try PolicyTrial.learn(from: batch, weight: 1, by: policy)
    try requireSame(
      before, try logTrace(of: batch, by: copy), "from the copy before and after the policy moved",
      hint: "the copy has weights of its own")
    guard let blendable = policy as? any BlendablePolicy else { return }
    guard let copied = copy as? any BlendablePolicy else {
      throw fault("expected a copy of a policy that can be blended to be one, too; it isn't")
    }
    let moved = try logTrace(of: batch, by: policy)
    try copied.blend(with: blendable, share: 1)
    try requireSame(
      moved, try logTrace(of: batch, by: copied),
      "from the policy and from a copy that took it over")
  }

  func checkSnapshots() throws(FulcrumError) {
    let policy = try prepared()
    let batch = try PolicyTrial.sample(policy).generation.sequences
    guard let keeping = policy as? any SnapshotPolicy else { return }
    // Two steps before, so that the optimiser has a state; two after, so that it shows.
    for weight in [1, -0.5] as [Float] {
      try PolicyTrial.learn(from: batch, weight: weight, by: policy)
    }
    let snapshot = try keeping.snapshot()
    let before = try logTrace(of: batch, by: policy)
    let once = try twoSteps(policy, batch)
    for occasion in ["once", "twice"] {
      // What is accumulated and not applied must not stay.
      try PolicyTrial.accumulate(batch, by: policy) { _ in 5 }
      try keeping.restore(snapshot)
      try requireSame(
        before, try logTrace(of: batch, by: policy), "as set aside and as restored \(occasion)")
      try requireSame(
        once, try twoSteps(policy, batch),
        "from steps after it was set aside and restored \(occasion)",
        hint: "the optimiser's state, and a gradient that was cleared, belong to a snapshot")
    }
    do {
      try keeping.restore(StrangeSnapshot())
    } catch {
      guard error.code == .usage else {
        throw fault(
          "expected the code 'usage' for another policy's snapshot, got '\(error.code.rawValue)'")
      }
      return
    }
    throw fault("expected another policy's snapshot to be refused, it was restored")
  }

  func checkBlend() throws(FulcrumError) {
    let policy = try prepared()
    let batch = try PolicyTrial.sample(policy).generation.sequences
    guard let blendable = policy as? any BlendablePolicy else { return }
    let other = try prepared()
    try PolicyTrial.learn(from: batch, weight: 1, by: other)
    let before = try logTrace(of: batch, by: policy)
    do throws(FulcrumError) {
      try blendable.blend(with: other, share: 0)
    } catch {
      // Weights that lie in another process may be out of reach: a copy has to do.
      guard error.code == .usage, let freezable = policy as? any FreezablePolicy else {
        throw error
      }
      return try checkBlend(of: policy, with: try freezable.frozenCopy(), batch)
    }
    try requireSame(
      before, try logTrace(of: batch, by: policy), "before and after a blend of share 0")
    try blendable.blend(with: other, share: 1)
    try requireSame(
      try logTrace(of: batch, by: other), try logTrace(of: batch, by: policy),
      "from a policy and from one that took it over with share 1")
  }

  /// The copy takes over what the policy has learned since.
  private func checkBlend(
    of policy: any PolicyModel, with copy: any FrozenPolicy, _ batch: SequenceBatch
  ) throws(FulcrumError) {
    guard let copy = copy as? any BlendablePolicy else {
      throw fault("expected a copy of a policy that can be blended to be one, too; it isn't")
    }
    let before = try logTrace(of: batch, by: copy)
    try PolicyTrial.learn(from: batch, weight: 1, by: policy)
    try copy.blend(with: policy, share: 0)
    try requireSame(
      before, try logTrace(of: batch, by: copy), "before and after a blend of share 0")
    try copy.blend(with: policy, share: 1)
    try requireSame(
      try logTrace(of: batch, by: policy), try logTrace(of: batch, by: copy),
      "from a policy and from a copy that took it over with share 1")
  }

  private func twoSteps(
    _ policy: any PolicyModel, _ batch: SequenceBatch
  ) throws(FulcrumError) -> Trace {
    var trace = Trace()
    for weight in [1, 0.5] as [Float] {
      try PolicyTrial.learn(from: batch, weight: weight, by: policy)
      trace.add("log π", try PolicyTrial.scores(of: batch, by: policy).logProbabilities)
    }
    return trace
  }

  private func logTrace(
    of batch: SequenceBatch, by policy: any FrozenPolicy
  ) throws(FulcrumError) -> Trace {
    var trace = Trace()
    trace.add("log π", try PolicyTrial.scores(of: batch, by: policy).logProbabilities)
    return trace
  }
}
