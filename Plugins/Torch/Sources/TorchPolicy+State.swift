import FulcrumKernel
import JSON
import Wire

/// Loads, copies, blends and restores weights.
extension TorchPolicy: FreezablePolicy, BlendablePolicy, SnapshotPolicy, LoadingPolicy,
  ReferenceReadingPolicy, RoundingPolicy
{
  /// A state that the engine has set aside; its memory is freed with this.
  final class Snapshot: PolicySnapshot {
    let number: Int
    weak var slot: Slot?
    private weak var engine: Engine?

    init(_ number: Int, of slot: Slot, in engine: Engine) {
      self.number = number
      self.slot = slot
      self.engine = engine
    }

    deinit { _ = try? engine?.call("forget", [JSONMember("snapshot", .integer(number))]) }
  }

  package func load() throws(FulcrumError) { try engine.load() }

  /// Passes of one sequence and of many, of a token and of a prompt, take other ways through PyTorch's
  /// kernels.
  package var roundingTolerance: Float { engine.isHalved ? 1 : 1e-3 }

  /// A copy in the engine. Before the weights are there, it is made right after they are read.
  package func frozenCopy() throws(FulcrumError) -> any FrozenPolicy {
    let copy = Slot(nil, of: engine)
    let original = slot
    // The engine holds this work: it must not hold the engine in turn.
    try engine.afterLoading { [weak engine, weak copy] () throws(FulcrumError) in
      guard let engine, let copy, let number = original.number else { return }
      // Not by `engine.call`: the copies that wait behind this one would be made before it.
      let frame = try engine.program.call("freeze", ([JSONMember("model", .integer(number))], []))
      copy.number = try engine.program.sound("freeze") { () throws(WireFault) in
        try Self.number(frame["model"])
      }
    }
    return TorchPolicy(engine, copy)
  }

  /// Read right after the policy's own weights.
  package func readReference(from checkpoint: String) throws(FulcrumError) -> any PolicyModel {
    let copy = Slot(nil, of: engine)
    try engine.afterLoading { [weak engine, weak copy] () throws(FulcrumError) in
      guard let engine, let copy else { return }
      let frame = try engine.program.call(
        "open", ([JSONMember("checkpoint", .string(checkpoint))], []))
      copy.number = try engine.program.sound("open") { () throws(WireFault) in
        try Self.number(frame["model"])
      }
    }
    return TorchPolicy(engine, copy)
  }

  package func blend(with other: any PolicyModel, share: Double) throws(FulcrumError) {
    guard share >= 0, share <= 1 else {
      throw FulcrumError(
        .usage, "expected a share from 0 to 1 to blend with, got \(share)", at: Self.manual.name)
    }
    guard let other = other as? TorchPolicy else {
      throw FulcrumError(
        .usage,
        "expected a policy of the same type to blend with, got"
          + " '\(type(of: other).manual.name)'", at: Self.manual.name,
        hint: "policies that are blended start from one checkpoint")
    }
    guard other.engine === engine else {
      throw FulcrumError(
        .usage, "expected a copy of this policy to blend with, got one of another engine",
        at: Self.manual.name, hint: "leave out reference.checkpoint: a copy is made of the policy")
    }
    let with = JSONMember("with", try other.model().value)
    _ = try call("blend", [with, JSONMember("share", .number(share))])
  }

  package func snapshot() throws(FulcrumError) -> any PolicySnapshot {
    let frame = try call("snapshot")
    let number = try read("snapshot") { () throws(WireFault) in
      try Self.number(frame["snapshot"])
    }
    return Snapshot(number, of: slot, in: engine)
  }

  package func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError) {
    guard let snapshot = snapshot as? Snapshot, snapshot.slot === slot else {
      throw FulcrumError(
        .usage, "expected a snapshot of this policy, got another's", at: Self.manual.name)
    }
    _ = try call("restore", [JSONMember("snapshot", .integer(snapshot.number))])
  }

  private static func number(_ value: JSONValue?) throws(WireFault) -> Int {
    guard let number = value?.integer, number >= 0 else {
      throw WireFault("expected a number, got \(value?.excerpt ?? "none")")
    }
    return number
  }
}
