import Foundation
import FulcrumKernel
import JSON
import Testing
import Wire

/// Programs that do what they should not.
@Suite("a program gone wrong") struct MisbehaviourTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// The message of the first call, with nothing left behind.
  private func message(
    _ body: String, callLimit: Duration = .seconds(60)
  ) throws -> String? {
    let error = try workshop.callError("start()\nasked()\n" + body) { $0.callLimit = callLimit }
    #expect(error?.code == .program && error?.location == "test")
    #expect(workshop.living.isEmpty)
    return error?.message
  }

  @Test("a program that isn't there is told")
  func absent() throws {
    for (name, expected) in [
      ("/no/such/program", "expected a program, found no executable file at '/no/such/program'"),
      ("no-such-program", "expected a program, found no executable 'no-such-program' in PATH: "),
    ] {
      let error = workshop.startError("") { change in
        change = .init(name: "the program", location: "test", command: [name])
      }
      #expect(error?.code == .parameter)
      #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
    }
  }

  @Test("one that dies at the start is told with its last words, and leaves no folder")
  func startingDeath() throws {
    let error = workshop.startError("sys.exit('no module named torch')")
    #expect(
      error
        == FulcrumError(
          .program,
          "the program is lost while it started: it ended with status 1; its last words: 'no module"
            + " named torch'", at: "test", hint: "what it printed is in the log above"))
    #expect(!FileManager.default.fileExists(atPath: workshop.socketFolder))
  }

  @Test("one that says why it fails is told in its words")
  func startingWords() throws {
    let error = workshop.startError(
      """
      life = hello("lifeline")
      life.send(wire.Op.ERROR, 0, {"message": "no GPU", "where": "x.py:12 in f", "rank": 0})
      time.sleep(60)
      """)
    #expect(
      error?.message == "the program is lost while it started: its process: no GPU (x.py:12 in f)")
    #expect(workshop.living.isEmpty)
  }

  @Test("one that never connects is given up")
  func startingSilence() throws {
    let error = workshop.startError("time.sleep(60)") { $0.startLimit = .seconds(0.3) }
    #expect(
      error?.message == "the program did not start within 0.3 s: rank 0 takes no calls yet")
    #expect(error?.hint?.hasPrefix("raise start-limit if it needs longer") == true)
    #expect(workshop.living.isEmpty)
  }

  @Test("one that waits for a rank that never comes is given up")
  func startingRank() throws {
    // Time enough for Python on a busy machine.
    let error = workshop.startError("size = 2; start(); time.sleep(60)") {
      $0.startLimit = .seconds(4)
    }
    #expect(error?.message == "the program did not start within 4 s: 1 of 2 ranks are there, not 1")
    #expect(workshop.living.isEmpty)
  }

  @Test("one that dies during a call is told")
  func death() throws {
    #expect(
      try message("sys.exit('oh no')") == "the program is lost while it worked on 'work': it ended"
        + " with status 1; its last words: 'oh no'")
    #expect(
      try message("os.kill(os.getpid(), 9)")
        == "the program is lost while it worked on 'work': it was ended by signal 9")
    #expect(
      try message("os._exit(0)")
        == "the program is lost while it worked on 'work': it ended with status 0")
  }

  @Test("one that dies between calls is told by the next, and by all after it")
  func deathBetween() throws {
    let program = try workshop.start("start(); asked(); reply(); sys.exit(3)")
    _ = try program.call("first")
    for _ in 0..<100 where !workshop.living.isEmpty { usleep(20_000) }
    let error = #expect(throws: FulcrumError.self) { _ = try program.call("second") }
    #expect(
      error?.message == "the program is lost while it worked on 'second': it ended with status 3")
    let later = #expect(throws: FulcrumError.self) { _ = try program.call("third") }
    #expect(later == error)
  }

  @Test("one that hangs is given up after its time")
  func hang() throws {
    let start = ContinuousClock.now
    #expect(
      try message("time.sleep(60)", callLimit: .seconds(0.3))
        == "the program was silent for 0.3 s while it worked on 'work'")
    #expect(.now - start < .seconds(30))
  }

  @Test("one that says something in time is not given up")
  func slow() throws {
    let program = try workshop.start(
      """
      start()
      asked()
      for k in range(8):
          time.sleep(0.1)
          calls.send(wire.Op.EVENT, number, {}, {})
      reply()
      """
    ) { $0.callLimit = .seconds(0.6) }
    // All of it takes longer than the limit, which is that of a silence.
    _ = try program.call("work")
  }

  @Test("an event of progress only says that work goes on")
  func progress() throws {
    let program = try workshop.start(
      """
      start()
      asked()
      for k in range(8):
          time.sleep(0.1)
          calls.send(wire.Op.EVENT, number, {"progress": True}, {})
      reply()
      """
    ) { $0.callLimit = .seconds(0.6) }
    _ = try program.call("work") { _ throws(WireFault) in throw WireFault("no event to answer") }
  }

  @Test("the last words are those with letters")
  func lastWords() throws {
    let error = try message(
      "print('cause: none', flush=True); print('=====', flush=True); os._exit(3)")
    #expect(error?.hasSuffix("its last words: 'cause: none'") == true)
  }

  @Test("one that talks nonsense is told")
  func nonsense() throws {
    let lost = "the program is lost while it worked on 'work': it talks nonsense: "
    #expect(
      try message("calls.socket.sendall(b'HTTP/1.1 200 OK, and so on' * 9); time.sleep(60)")
        == lost + "expected a frame, which begins with 'FLCM', got other bytes")
    #expect(
      try message("calls.socket.sendall(b'FLCM'); calls.close(); time.sleep(60)")
        == lost + "expected the rest of a frame, got the end of the connection")
    #expect(
      try message(
        "calls.socket.sendall(wire.PREFIX.pack(b'FLCM', 1, 3, 1, 2, 1 << 40)); time.sleep(60)")
        == lost + "expected arrays of at most 1073741824 bytes, got 1099511627776")
    #expect(
      try message(
        "calls.socket.sendall(wire.PREFIX.pack(b'FLCM', 1, 3, 1, 2, 0) + b'[]'); time.sleep(60)")
        == lost + "expected an object as header, got a list")
    #expect(
      try message("life.socket.sendall(b'nonsense' * 9); time.sleep(60)")
        == "the program is lost while it worked on 'work': its process talks nonsense: expected a"
        + " frame, which begins with 'FLCM', got other bytes")
  }

  @Test("a frame of another call, or of the host's own kind, is told")
  func wrongFrames() throws {
    #expect(
      try message("calls.send(wire.Op.REPLY, 9, {}); time.sleep(60)")
        == "expected a frame of call 1 of the program, got one of call 9, while it worked on 'work'"
    )
    #expect(
      try message("calls.send(wire.Op.CALL, 1, {}); time.sleep(60)")
        == "expected a reply, an error or an event of the program, got a frame of the operation"
        + " 'call', while it worked on 'work'")
  }

  @Test("a reply that was not asked for is told by the next call")
  func unasked() throws {
    let program = try workshop.start("start(); asked(); reply(); reply(); time.sleep(60)")
    _ = try program.call("first")
    let error = #expect(throws: FulcrumError.self) { _ = try program.call("second") }
    #expect(
      error?.message
        == "expected a frame of call 2 of the program, got one of call 1, while it worked on 'second'"
    )
  }

  @Test("an event that has not what is needed is told")
  func wrongEvent() throws {
    let program = try workshop.start("start(); asked(); event(); time.sleep(60)")
    let error = #expect(throws: FulcrumError.self) {
      _ = try program.call("work") { (event) throws(WireFault) in
        _ = try event.array("places")
        return nil
      }
    }
    #expect(
      error?.message == "the program talks nonsense: expected an array 'places', got none, while it"
        + " worked on 'work'")
    #expect(workshop.living.isEmpty)
  }

  @Test("one that closes its connections, and lives on, is ended")
  func closed() throws {
    #expect(
      try message("calls.close(); time.sleep(60)")
        == "the program is lost while it worked on 'work': it closed its connection")
    #expect(
      try message("life.socket.shutdown(socket.SHUT_WR); time.sleep(60)")
        == "the program is lost while it worked on 'work': its process ended")
  }
}
