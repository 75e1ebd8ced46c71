import FulcrumKernel
import KLPenaltyPlugin
import Testing

@Suite struct KLRewardTests {
  @Test func `the default is verl's: k1 at a thousandth, unclamped`() {
    #expect(
      KLReward.manual.parameters.map(\.defaultValue) == [.number(0.001), .text("k1"), .flag(false)])
  }
}
