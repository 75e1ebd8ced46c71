import Foundation
import FulcrumKernel
import JSON
import Testing
import Wire

/// What a program's ranks say by their beats, when one of them is lost.
@Suite("beats") struct BeatTests {
  private let workshop: Workshop
  private static let host = ProcessInfo.processInfo.hostName
  /// Ranks that beat as the engine's do, in `stage`; rank 0 takes calls.
  private static let body = """
    stage = {"stage": "sum", "waits": False}
    def beat():
        while True:
            life.send(wire.Op.EVENT, 0, stage)
            time.sleep(0.2)
    def begin():
        start()
        threading.Thread(target=beat, daemon=True).start()
        note("rank-%d" % rank, os.getpid())
        while not all(notes("rank-%d" % k) for k in range(size)):
            time.sleep(0.01)

    """

  init() throws { workshop = try Workshop() }

  private func error(
    _ body: String, ranks: Int = 2, _ limit: Duration = .seconds(60)
  ) throws -> FulcrumError? {
    try workshop.callError(Self.body + body, ranks: ranks) { $0.callLimit = limit }
  }

  @Test("a rank that is stopped is named, with what it was at")
  func stopped() throws {
    let error = try error(
      """
      stage["waits"] = rank == 1
      begin()
      if rank == 0:
          asked()
          time.sleep(0.5)
          os.kill(int(notes("rank-1")[0]), signal.SIGSTOP)
          while True:
              calls.send(wire.Op.EVENT, number, {"progress": True})
              time.sleep(0.5)
      time.sleep(60)
      """, .seconds(5))
    let message = error?.message ?? ""
    // A second more or less: when the last beat came, and what a busy machine adds.
    let expected =
      "the program is lost while it worked on 'work': rank 1 of 2 on \(Self.host) has been silent"
      + " for N s, last heard of in 'sum', waiting for other ranks"
    #expect(message.replacing(/for \d+ s/, with: "for N s") == expected)
    #expect(error?.hint?.contains("raise time-limit") == true)
    #expect(workshop.living.isEmpty)
  }

  @Test("a group that fails is another rank's end")
  func groupFailed() throws {
    let error = try error(
      """
      begin()
      if rank == 0:
          asked()
          os.kill(int(notes("rank-2")[0]), 9)
          fail("plugin-fault", "Connection closed by peer", ofGroup=True)
      if rank == 1:
          life.send(wire.Op.ERROR, 0, {"message": "Connection closed by peer", "ofGroup": True})
      time.sleep(60)
      """, ranks: 3)
    #expect(
      error?.message == "the program is lost while it worked on 'work': rank 2 of 3 on"
        + " \(Self.host) ended, last heard of in 'sum'")
    #expect(workshop.living.isEmpty)
  }

  @Test("a group that fails though all are there is told, with the rank that the others wait for")
  func nobodyGone() throws {
    let error = try error(
      """
      stage["waits"] = rank == 0
      begin()
      time.sleep(0.5)
      if rank == 0:
          asked()
          words = {"message": "Timed out", "where": "x.py:7 in g", "ofGroup": True}
          life.send(wire.Op.ERROR, 0, words)
      time.sleep(60)
      """)
    #expect(
      error?.message == "the program is lost while it worked on 'work': the others wait for rank 1"
        + " of 2 on \(Self.host), last heard of in 'sum': rank 0 of 2 on \(Self.host): Timed out"
        + " (x.py:7 in g)")
  }

  @Test("a rank's own word comes before all that follows from it")
  func ownWord() throws {
    let error = try error(
      """
      begin()
      if rank == 0:
          asked()
          life.send(wire.Op.ERROR, 0, {"message": "Connection closed by peer", "ofGroup": True})
          os._exit(1)
      time.sleep(0.5)
      life.send(wire.Op.ERROR, 0, {"message": "out of memory"})
      time.sleep(60)
      """)
    #expect(
      error?.message == "the program is lost while it worked on 'work': rank 1 of 2 on"
        + " \(Self.host): out of memory")
  }

  @Test("a call that takes too long tells which rank the others wait for")
  func late() throws {
    let error = try error(
      """
      stage["waits"] = rank != 1
      begin()
      if rank == 0:
          asked()
      time.sleep(60)
      """, ranks: 3, .seconds(2))
    #expect(
      error?.message == "the program was silent for 2 s while it worked on 'work': the others wait"
        + " for rank 1 of 3 on \(Self.host), last heard of in 'sum'")
  }

  @Test("while the host is busy itself, no rank is silent")
  func busyHost() throws {
    let program = try workshop.start(
      Self.body + """
        begin()
        if rank == 0:
            asked(); event(piece=1); reply(); serve()
        time.sleep(60)
        """, ranks: 2
    ) { $0.callLimit = .seconds(4) }
    _ = try program.call("work") { _ in
      usleep(6_000_000)
      return ([], [])
    }
    usleep(5_000_000)
    #expect(try program.call("next")["call"]?.text == "next")
  }
}
