import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

/// A policy that lacks a capability says which.
@Suite struct PolicyCapabilityTests {
  private func message(_ work: () throws(FulcrumError) -> Void) -> String? {
    do {
      try work()
      return nil
    } catch {
      return "\(error.code.rawValue): \(error)"
    }
  }

  @Test func `what it can't do it says, and what it would have to be`() throws {
    let policy = try BigramPolicy()
    #expect(
      message { () throws(FulcrumError) in
        _ = try policy.capability((any GradientExportPolicy).self, to: "save its gradient")
      } == """
        unsupported: bigram: the policy can't save its gradient
          hint: for that it would have to conform to GradientExportPolicy
        """)
    #expect(
      message { () throws(FulcrumError) in
        _ = try BigramPolicy.staticCapability(
          (any ImportingPolicy.Type).self, to: "import models of other formats")
      } == """
        unsupported: bigram: the policy can't import models of other formats
          hint: for that it would have to conform to ImportingPolicy
        """)
  }

  @Test func `what it can do is found`() throws {
    let policy = try BigramPolicy()
    let able = try policy.capability((any EntropyGradientPolicy).self, to: "")
    #expect(able === policy)
    #expect(policy.isReady)
  }
}
