import FulcrumKernel
import Testing
import TorchPlugin

@Suite("the manual of torch") struct ManualTests {
  @Test("a checkpoint must be given")
  func checkpoint() {
    #expect(TorchPolicy.manual.parameters.first { $0.name == "checkpoint" }?.defaultValue == nil)
  }
}
