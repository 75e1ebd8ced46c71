import FulcrumKernel

extension UnigramPolicy: CandidateGradientPolicy, StreamingPolicy {}

extension UnigramPolicy: FreezablePolicy {
  func frozenCopy() throws(FulcrumError) -> any FrozenPolicy {
    if mistake == .sharedCopy { return self }
    let parameters = try Parameters(for: Self.manual.parameters, at: "")
    let copy = try UnigramPolicy(parameters, ComponentContext(), mistake)
    copy.logits = logits
    return copy
  }
}

extension UnigramPolicy: SnapshotPolicy {
  private final class State: PolicySnapshot {
    let logits: [Double]
    let velocity: [Double]

    init(_ policy: UnigramPolicy) {
      logits = policy.logits
      velocity = policy.velocity
    }
  }

  func snapshot() throws(FulcrumError) -> any PolicySnapshot { State(self) }

  func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError) {
    guard let state = snapshot as? State else {
      if mistake == .restoresAnything { return }
      throw FulcrumError(.usage, "expected a snapshot of this policy, got another's")
    }
    logits = state.logits
    if mistake != .forgetsMomentum { velocity = state.velocity }
    if mistake != .keepsGradient { discardGradient() }
  }
}

extension UnigramPolicy: BlendablePolicy {
  func blend(with other: any PolicyModel, share: Double) throws(FulcrumError) {
    guard let other = other as? UnigramPolicy else {
      throw FulcrumError(.usage, "expected a unigram, got another policy")
    }
    let share = mistake == .halfBlend ? share / 2 : share
    for index in logits.indices {
      logits[index] = (1 - share) * logits[index] + share * other.logits[index]
    }
  }
}

extension UnigramPolicy: CodecPolicy {
  private struct Codec: TokenCodec {
    func encode(_ text: String) throws(FulcrumError) -> [Int32] { text.utf8.map { Int32($0) } }

    func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String {
      String(decoding: tokens.filter { $0 < 256 }.map { UInt8($0) }, as: UTF8.self)
    }
  }

  static func makeCodec(from directory: String) throws(FulcrumError) -> any TokenCodec { Codec() }
}

extension UnigramPolicy: SpeedReportingPolicy {
  func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double {
    mistake == .sameOperations ? 1 : Double(completionTokens)
  }

  func measureMatrixPeak() throws(FulcrumError) -> Double { 1 }
}

extension UnigramPolicy: DescribedPolicy {
  var facts: [ModelFact] { [ModelFact("vocabulary", .integer(257))] }
  var parameterCount: Int { mistake == .noParameters ? 0 : 257 }
}

extension UnigramPolicy: ChatTemplatePolicy {
  func render(_ messages: [ChatMessage]) throws(FulcrumError) -> String? {
    ChatFormat.chatML.prompt(mistake == .dropsTurn ? Array(messages.dropLast()) : messages)
  }
}

extension UnigramPolicy: ActivationGradientPolicy {
  /// Its distribution doesn't heed the temperature, so its lever is that of any.
  func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    var factor: Float = mistake == .longNorms ? 1.01 : 1
    if mistake == .sharedNorms && tokens.count == 1 { factor = 2 }
    var norms = tokens.map { lever(of: batch.tokens[$0]) * factor / temperature }
    let own = mistake == .ownBeyondAll ? norms.map { 1.1 * $0 } : norms
    if mistake == .tooFewNorms { norms.removeLast() }
    return ActivationGradients(
      layers: mistake == .otherLayers && tokens.count == 1 ? ["head"] : ["logits"], norms: norms,
      ownNorms: mistake == .tooFewOwnNorms ? [] : own)
  }
}
