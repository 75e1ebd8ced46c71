import FulcrumKernel
import Testing
import TorchPlugin
import Wire

/// An engine that fails at each of its calls: a named error, no hang, nothing left behind.
@Suite("an engine that fails") struct FailingEngineTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  /// The message that a deed at a call leads to.
  private func message(
    _ call: EngineCall, _ deed: String, _ given: [String: ParameterValue] = [:]
  ) -> String {
    var message = "no error"
    do throws(FulcrumError) {
      try call.make(bench, lie: #"{"call":"\#(call.rawValue)","do":"\#(deed)"}"#, given)
    } catch {
      #expect(error.code == .program && error.location == "torch")
      message = error.message
    }
    #expect(bench.living.isEmpty, "\(call) \(deed)")
    return message
  }

  /// The last call is made when the policy is let go, and nobody is left to be told.
  private static let told = EngineCall.allCases.filter { $0 != .end }

  @Test("it dies", arguments: told)
  func death(call: EngineCall) {
    #expect(
      message(call, "die") == "the engine is lost while it worked on '\(call.rawValue)': it ended"
        + " with status 7; its last words: 'the engine dies'")
  }

  @Test("it is killed", arguments: [.start, .accumulate] as [EngineCall])
  func killed(call: EngineCall) {
    #expect(
      message(call, "kill")
        == "the engine is lost while it worked on '\(call.rawValue)': it was ended by signal 9")
  }

  @Test("it hangs", arguments: told)
  func hang(call: EngineCall) {
    #expect(
      message(call, "hang", ["time-limit": .number(1.5)])
        == "the engine was silent for 1.5 s while it worked on '\(call.rawValue)'")
  }

  @Test("it talks nonsense", arguments: told)
  func nonsense(call: EngineCall) {
    #expect(
      message(call, "nonsense") == "the engine is lost while it worked on '\(call.rawValue)': it"
        + " talks nonsense: expected a frame, which begins with 'FLCM', got other bytes")
  }

  @Test("it has a fault", arguments: told)
  func fault(call: EngineCall) {
    #expect(
      message(call, "fault")
        == "the engine failed while it worked on '\(call.rawValue)': the engine"
        + " is sad (misbehaviour.py in before)")
  }

  @Test("whatever it does when it is let go, it is gone", arguments: ["die", "hang", "nonsense"])
  func end(deed: String) {
    let start = ContinuousClock.now
    #expect(message(.end, deed) == "no error")
    #expect(.now - start < .seconds(30))
  }

  @Test("a Python that isn't there is told, by the parameter where nothing else could find it")
  func noPython() throws {
    let error = #expect(throws: FulcrumError.self) {
      _ = try bench.policy(["python": .text("no-such-python"), "launch": .texts([])])
    }
    #expect(error?.code == .parameter)
    #expect(error?.message == "expected a Python interpreter, found none at 'no-such-python'")
    let launched = #expect(throws: FulcrumError.self) {
      _ = try bench.policy(["python": .text("no-such-python")])
    }
    #expect(
      launched?.message.hasPrefix("the engine is lost while it started: it ended with status 127")
        == true)
  }
}
