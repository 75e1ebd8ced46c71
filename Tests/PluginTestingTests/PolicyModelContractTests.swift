import FulcrumKernel
import PluginTesting
import Testing

@Suite struct PolicyModelContractTests {
  private static func checks(
    _ mistake: UnigramPolicy.Mistake, manual: ComponentManual = UnigramPolicy.manual
  ) -> [ContractCheck] {
    PluginContract.checks(policy: manual, [:]) { (parameters, context) throws(FulcrumError) in
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
      "the pieces of a score partition the sequences, with a value for each token",
      "expected every sequence once and in order, got [0, 2, 3]", checks(.skipsSequence)),
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
      "expected a parameter 'checkpoint', a folder that 'save' wrote, got none",
      checks(.none, manual: ideaManual)),
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
  private static let activations =
    "gradients at its layers' activations, where offered, fit the levers and each other"

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a sound policy passes`() {
    expectKept(PluginContract.checks(for: UnigramPolicy.self))
    expectKept(Self.checks(.none))
    expectKept(Self.checks(.silent))
  }

  @Test func `every check has its mistake`() {
    let names = PluginContract.checks(for: UnigramPolicy.self).map(\.name)
    #expect(Set(names).count == names.count)
    // Only a policy may change by being used.
    let common = CommonContractTests.broken.map(\.check).filter {
      $0 != "a call leaves no trace on the next one"
    }
    #expect(Set(names) == Set(Self.broken.map(\.check) + common))
  }
}
