import FulcrumKernel
import PluginTesting
import Testing

@Suite struct PolicyModelContractTests {
  private static func checks(
    _ mistake: UnigramPolicy.Mistake, manual: ComponentManual = UnigramPolicy.manual
  ) -> [ContractCheck] {
    PluginContract.checks(policy: manual, [:], type: UnigramPolicy.self) {
      (parameters, context) throws(FulcrumError) in
      try UnigramPolicy(parameters, context, mistake)
    }
  }

  static let broken = [
    Broken(
      "gives a log-probability of -∞",
      "a fresh policy samples tokens with finite log-probabilities",
      "expected finite log π of at most 0, got -inf for token 1", checks(.infinite)),
    Broken(
      "scores otherwise than it samples", "what was sampled scores as it was sampled",
      "expected the same bits as sampled and as scored, got other log π, element 0: ",
      checks(.otherScores)),
    Broken(
      "leaves a sequence out",
      "the pieces of a score partition the tokens, with a value for each",
      "expected every token once and in order, got [0, ", checks(.skipsSequence)),
    Broken(
      "descends where it should ascend",
      "a step along the gradient raises log-probabilities, one against it lowers them",
      "expected Σ log π to rise in a step with weights 1.0, got ", checks(.wrongSign)),
    Broken(
      "loses digits in its checkpoint", "a saved policy scores the same when it is read again",
      "expected the same bits before and after it was saved and read, got other log π, element 0: ",
      checks(.roundsCheckpoint)),
    Broken(
      "can't be read again", "a saved policy scores the same when it is read again",
      "expected a parameter of the meaning 'checkpoint', a folder that 'save' wrote, got none",
      checks(.none, manual: ideaManual)),
    Broken(
      "knows no stop strings", stopping, "expected the stop string '", checks(.ignoresStops)),
    Broken(
      "leaves the stop string out", stopping, "expected the stop string '", checks(.stopsWhole)),
    Broken(
      "calls a stopped completion unfinished", stopping, "expected isFinished true of the tokens [",
      checks(.stopsUnfinished)),
    Broken(
      "stops within the minimum length", stopping, "expected the stop string '",
      checks(.stopsEarly)),
    Broken(
      "ends within the minimum length", "nothing ends a completion within its minimum length",
      "expected no end within the first 10 tokens, minimumTokens of the request, got the completion [",
      checks(.endsEarly)),
    Broken(
      "knows no min-p", cuts,
      "expected a draw with top-k 0, top-p 1.0 and min-p 1.0 to be the most likely token, with log π"
        + " of the whole distribution, ", checks(.ignoresMinP)),
    Broken(
      "tells log π of what a cut left", cuts,
      "expected a draw with top-k 1, top-p 1.0 and min-p 0.0 to be the most likely token, with log π"
        + " of the whole distribution, ", checks(.cutLogs)),
    Broken(
      "ranks from 1", statistics, "expected rank of token ", checks(.ranksFromOne)),
    Broken(
      "names one top token three times", statistics,
      "expected top-tokens of token 0 without repetition, got ", checks(.oneTopToken)),
    Broken(
      "has other top log-probabilities", statistics,
      "expected the first of top-log-probabilities of token 0 as log of ", checks(.flatTops)),
    Broken(
      "loses half of the mass", statistics, "expected mass-above(0) of token 0 to be 1, got 0.5",
      checks(.lightMass)),
    Broken(
      "gives tokens that take no part",
      "the tokens that take part are given, each once, and no others",
      "expected the tokens that take part, each once and in order, [0, 2, ",
      checks(.ignoresMask)),
    Broken(
      "gives a sequence in two pieces",
      "the tokens that take part are given, each once, and no others",
      "expected the tokens of sequence 0 in one piece, got several", checks(.splitsSequences)),
    Broken(
      "weighs a token twice where others are left out",
      "leaving tokens out gives the gradient of weights of zero",
      "expected the gradient that weights of zero give elsewhere, of norm ",
      checks(.heavierAlone)),
  ]

  static let capabilities = [
    Broken(
      "gives itself for a copy", "a frozen copy stays as it is when the policy moves",
      "expected the same bits from the copy before and after the policy moved, got other log π,"
        + " element 0: ", checks(.sharedCopy)),
    Broken(
      "forgets its momentum", snapshots,
      "expected the same bits from steps after it was set aside and restored once, got other log π,"
        + " element 0: ", checks(.forgetsMomentum)),
    Broken(
      "keeps a gradient that wasn't applied", snapshots,
      "expected the same bits from steps after it was set aside and restored once, got other log π,"
        + " element 0: ", checks(.keepsGradient)),
    Broken(
      "restores what is no snapshot of it", snapshots,
      "expected another policy's snapshot to be refused, it was restored",
      checks(.restoresAnything)),
    Broken(
      "takes half of another over", "a blend of share 0 changes nothing, one of share 1 copies",
      "expected the same bits from a policy and from one that took it over with share 1, got other"
        + " log π, element 0: ", checks(.halfBlend)),
    Broken(
      "descends on the entropy",
      "a step along the entropy's gradient raises entropies, one against it lowers them",
      "expected Σ H to rise in a step with entropy weights 1.0, got ", checks(.wrongEntropySign)),
    Broken(
      "weighs candidates twice", "a step along a candidate's log π is one along that token's",
      "expected a gradient of norm ", checks(.doublesCandidates)),
    Broken(
      "goes against candidates", "a step along a candidate's log π is one along that token's",
      "expected log π of second candidates to rise against the first ones', got ",
      checks(.turnsCandidates)),
    Broken(
      "hides a token", "tokens are shown as they are drawn, and are those of a draw",
      "expected the tokens [", checks(.hidesToken)),
    Broken(
      "has another tokenizer beside it", "the tokenizer alone reads texts as the policy does",
      "expected the policy's tokens [", checks(.otherCodec)),
    Broken(
      "counts the same operations for all", "longer completions take more operations",
      "expected operations above 0, and more for 8 completion tokens than for 4, got 1.0 and 1.0",
      checks(.sameOperations)),
    Broken(
      "has no parameters", "there are parameters, and facts with names",
      "expected a number of parameters above 0, got 0", checks(.noParameters)),
    Broken(
      "leaves a turn out", "a conversation that is rendered has all its contents",
      "expected 'And why?', in its turn, in the conversation, got ", checks(.dropsTurn)),
    Broken(
      "tells longer gradients than its levers", activations,
      "expected the norm at the last layer, times the temperature, to be the lever ",
      checks(.longNorms)),
    Broken(
      "tells more of one position than of all", activations,
      "expected the norm at a token's own position from 0 to that of all positions, ",
      checks(.ownBeyondAll)),
    Broken(
      "tells other gradients of a token alone", activations,
      "expected the same norm for a token alone as for all, ", checks(.sharedNorms)),
    Broken(
      "leaves a token's gradient out", activations, "expected a norm for each of ",
      checks(.tooFewNorms)),
    Broken(
      "leaves the own positions' gradients out", activations, "expected a norm for each of ",
      checks(.tooFewOwnNorms)),
    Broken(
      "names its layers by what is asked", activations,
      "expected the layers [\"logits\"] whatever is asked, got [\"head\"] for token 0",
      checks(.otherLayers)),
  ]
  private static let stopping = "a stop string ends a completion where its text first has it"
  private static let cuts = "cuts leave the likeliest tokens, and log π of the whole distribution"
  private static let statistics = "further statistics agree with each other and with the scores"
  private static let snapshots = "a snapshot is restored to the bit, any number of times"
  private static let activations =
    "gradients at its layers' activations fit the levers and each other"

  @Test(arguments: broken + capabilities)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a sound policy passes`() {
    expectKept(PluginContract.checks(for: UnigramPolicy.self))
    expectKept(Self.checks(.none))
  }

  @Test func `every check has its mistake`() {
    let names = PluginContract.checks(for: UnigramPolicy.self).map(\.name)
    #expect(Set(names).count == names.count)
    // Only a policy may change by being used.
    let common = CommonContractTests.broken.map(\.check).filter {
      $0 != "a call leaves no trace on the next one"
    }
    #expect(Set(names) == Set((Self.broken + Self.capabilities).map(\.check) + common))
    // What a policy doesn't offer isn't checked.
    let plain = PluginContract.checks(policy: UnigramPolicy.manual, [:]) {
      (parameters, context) throws(FulcrumError) in try UnigramPolicy(parameters, context: context)
    }
    #expect(Set(plain.map(\.name)) == Set(Self.broken.map(\.check) + common))
  }
}
