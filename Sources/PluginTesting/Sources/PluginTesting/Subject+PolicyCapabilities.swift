import FulcrumKernel

/// Checks what a policy promises besides, capability by capability.
extension Subject where Instance == any PolicyModel {
  /// - Parameter type: of the policies; `nil`: not known, so no capability is checked.
  func capabilityChecks(of type: (any PolicyModel.Type)?) -> [ContractCheck] {
    var checks: [ContractCheck] = []
    func offer(
      _ isOffered: Bool, _ name: String, _ body: @escaping @Sendable () throws(FulcrumError) -> Void
    ) {
      if isOffered { checks.append(ContractCheck(name, body)) }
    }
    offer(type is any FreezablePolicy.Type, "a frozen copy stays as it is when the policy moves") {
      () throws(FulcrumError) in try checkFrozenCopy()
    }
    offer(
      type is any SnapshotPolicy.Type, "a snapshot is restored to the bit, any number of times"
    ) { () throws(FulcrumError) in try checkSnapshots() }
    offer(
      type is any BlendablePolicy.Type, "a blend of share 0 changes nothing, one of share 1 copies"
    ) { () throws(FulcrumError) in try checkBlend() }
    offer(
      type is any EntropyGradientPolicy.Type,
      "a step along the entropy's gradient raises entropies, one against it lowers them"
    ) { () throws(FulcrumError) in
      for weight in [1, -1] as [Float] { try checkEntropyStep(weight: weight) }
    }
    offer(
      type is any CandidateGradientPolicy.Type,
      "a step along a candidate's log π is one along that token's"
    ) { () throws(FulcrumError) in try checkCandidateStep() }
    offer(
      type is any StreamingPolicy.Type,
      "tokens are shown as they are drawn, and are those of a draw"
    ) { () throws(FulcrumError) in try checkStreaming() }
    offer(
      type is any ActivationGradientPolicy.Type,
      "gradients at its layers' activations fit the levers and each other"
    ) { () throws(FulcrumError) in try checkActivationGradients() }
    offer(type is any CodecPolicy.Type, "the tokenizer alone reads texts as the policy does") {
      () throws(FulcrumError) in try checkCodec()
    }
    offer(type is any SpeedReportingPolicy.Type, "longer completions take more operations") {
      () throws(FulcrumError) in try checkOperations()
    }
    offer(type is any DescribedPolicy.Type, "there are parameters, and facts with names") {
      () throws(FulcrumError) in try checkDescription()
    }
    offer(
      type is any ChatTemplatePolicy.Type, "a conversation that is rendered has all its contents"
    ) { () throws(FulcrumError) in try checkTemplate() }
    return checks
  }

  private func checkEntropyStep(weight: Float) throws(FulcrumError) {
    let policy = try prepared()
    guard let entropic = policy as? any EntropyGradientPolicy else { return }
    let batch = try PolicyTrial.sample(policy).generation.sequences
    let before = try PolicyTrial.scores(of: batch, by: policy).totalEntropy
    try entropic.accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount, request: ScoreRequest(temperature: 1),
      participants: .all,
      weighWithEntropy: { (_, _, _, entropyWeights) throws(FulcrumError) in
        for token in entropyWeights.indices { entropyWeights[token] = weight }
      })
    _ = try PolicyTrial.apply(policy)
    let after = try PolicyTrial.scores(of: batch, by: policy).totalEntropy
    guard weight > 0 ? after > before : after < before else {
      throw fault(
        "expected Σ H to \(weight > 0 ? "rise" : "fall") in a step with entropy weights \(weight),"
          + " got \(before) and then \(after)")
    }
  }

  private func checkStreaming() throws(FulcrumError) {
    let policy = try prepared()
    guard let streaming = policy as? any StreamingPolicy else { return }
    let request = try PolicyTrial.request(for: policy)
    let plain = try policy.generate(request)
    var shown: [Int: [Int32]] = [:]
    let streamed = try streaming.generate(request) { (prompt, sample, token) in
      shown[prompt * request.samplesPerPrompt + sample, default: []].append(token)
    }
    var one = Trace()
    one.add("log π", plain.logProbabilities)
    var other = Trace()
    other.add("log π", streamed.logProbabilities)
    try requireSame(one, other, "drawn at once and shown")
    for sequence in 0..<plain.sequences.sequenceCount {
      let tokens = plain.sequences.tokens(ofSequence: sequence).map { plain.sequences.tokens[$0] }
      guard shown[sequence] ?? [] == tokens else {
        throw fault(
          "expected the tokens \(tokens) of sample \(sequence) to be shown, got"
            + " \(shown[sequence] ?? [])")
      }
    }
  }

  private func checkCodec() throws(FulcrumError) {
    let policy = try prepared()
    guard let type = type(of: policy) as? any CodecPolicy.Type else { return }
    let folder = try ScratchFolder()
    try policy.save(to: folder.path)
    let codec = try type.makeCodec(from: folder.path)
    for text in PolicyTrial.texts.prefix(4) {
      let tokens = try policy.encode(text)
      let own = try codec.encode(text)
      guard own == tokens else {
        throw fault("expected the policy's tokens \(tokens) of '\(text.prefix(20))', got \(own)")
      }
      let expected = try policy.decode(tokens, keepingSpecialTokens: true)
      let back = try codec.decode(tokens, keepingSpecialTokens: true)
      guard back == expected else {
        throw fault("expected the policy's text '\(expected.prefix(60))', got '\(back.prefix(60))'")
      }
    }
  }

  private func checkOperations() throws(FulcrumError) {
    guard let policy = try prepared() as? any SpeedReportingPolicy else { return }
    let short = policy.matrixOperations(promptTokens: 4, completionTokens: 4)
    let long = policy.matrixOperations(promptTokens: 4, completionTokens: 8)
    guard short > 0, long > short, long.isFinite else {
      throw fault(
        "expected operations above 0, and more for 8 completion tokens than for 4, got \(long) and"
          + " \(short)")
    }
  }

  private func checkDescription() throws(FulcrumError) {
    guard let policy = try prepared() as? any DescribedPolicy else { return }
    guard policy.parameterCount > 0 else {
      throw fault("expected a number of parameters above 0, got \(policy.parameterCount)")
    }
    let names = policy.facts.map(\.name)
    guard !names.contains(""), Set(names).count == names.count else {
      throw fault("expected facts with distinct names, got \(names)")
    }
  }

  private func checkTemplate() throws(FulcrumError) {
    guard let policy = try prepared() as? any ChatTemplatePolicy else { return }
    let contents = ["Be brief.", "Who is right?", "Bob.", "And why?"]
    let roles: [ChatMessage.Role] = [.system, .user, .assistant, .user]
    let text = try policy.render(zip(roles, contents).map { ChatMessage($0, $1) })
    guard let text else { return }
    var rest = text[...]
    for content in contents {
      guard let range = rest.firstRange(of: content) else {
        throw fault("expected '\(content)', in its turn, in the conversation, got '\(text)'")
      }
      rest = rest[range.upperBound...]
    }
  }
}
