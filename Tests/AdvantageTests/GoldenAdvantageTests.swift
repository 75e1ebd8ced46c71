import Foundation
import FulcrumKernel
import Testing

/// Every transform, alone and in chains, against the code of verl, TRL and the methods' authors.
@Suite struct GoldenAdvantageTests {
  @Test(arguments: try GoldenAdvantages.allCases())
  func `advantages are the peer's`(filed: GoldenAdvantages.FiledCase) throws {
    let golden = filed.golden
    let result = try advantages(of: filed.batch, by: golden.chain)
    #expect(result.count == golden.advantages.count)
    // Each link rounds a value once to Float, and reweighting takes its factor in Float: together
    // less than eight times 2^-24 of the value.
    var tolerance = 8 * 0x1p-24
    var least = 0.0
    if golden.chain[0].name == "kl-penalty" {
      // Charged returns are below 4 and rounded by 2^-23 at most; the differences that transforms
      // take from them are off by twice that, and 16 times as much where they are divided by a
      // group's deviation, here above 1/16. The deviation itself is off by as much, relatively.
      least = 2 * 16 * 0x1p-23
      tolerance = 2 * 16 * 0x1p-23
    }
    for (token, expected) in golden.advantages.enumerated() {
      #expect(
        abs(Double(result[token]) - expected) <= least + tolerance * abs(expected),
        "token \(token): \(result[token]) and \(expected)")
    }
  }

  @Test func `every transform has a case, and so has every chain that the documentation names`()
    throws
  {
    let chains = try GoldenAdvantages.allCases().map { $0.golden.chain.map(\.name) }
    // Of random weights there is nothing to compare with: its own tests have its draws.
    #expect(Set(chains.flatMap(\.self)) == Link.allNames.subtracting(["random-weights"]))
    #expect(chains.contains(["grpo", "advantage-reweighting"]))
    #expect(chains.contains(["reinforce-plus-plus", "advantage-reweighting"]))
    #expect(chains.contains(["kl-penalty", "rloo", "advantage-reweighting", "entropy-top"]))
  }

  @Test func `the batch has the edges, and no token is on an interval's end`() throws {
    let golden = try GoldenAdvantages.read()
    #expect(golden.lengths.map(\.count).contains(1), "a group of one")
    #expect(golden.lengths.flatMap(\.self).contains(1), "a completion of one token")
    let batch = golden.batch(step: 1)
    #expect(
      (0..<batch.sequences.groupCount).contains { group in
        let members = batch.sequences.sequences(ofGroup: group)
        return members.count > 1
          && Set(members.map { batch.rewards[$0].bitPattern }).count == 1
      }, "a group of equal rewards")
    // What is kept or not must not hang on a last digit: of probabilities at quarters, of entropies
    // at the thresholds, which therefore must differ from token to token.
    for log in golden.old {
      let quarters = 4 * exp(Double(log))
      #expect(abs(quarters - quarters.rounded()) > 1e-5 || quarters < 0.5)
    }
    #expect(Set(golden.entropies).count == golden.entropies.count)
  }
}
