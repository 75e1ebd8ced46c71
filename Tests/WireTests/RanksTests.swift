import Foundation
import FulcrumKernel
import JSON
import Testing
import Wire

/// Programs of several processes, each in a session of its own.
@Suite("ranks") struct RanksTests {
  private let workshop: Workshop
  private static let host = ProcessInfo.processInfo.hostName
  /// The other ranks wait, and only their lifelines end them.
  private static let body = """
    if rank > 0:
        start()
        note("rank-%d" % rank, os.getpid())
        while True:
            time.sleep(60)
    while not all(notes("rank-%d" % k) for k in range(1, size)):
        time.sleep(0.01)
    start()

    """

  init() throws { workshop = try Workshop() }

  @Test("all ranks are waited for, and end with the host's word")
  func ends() throws {
    let program = try workshop.start(Self.body + "serve()", ranks: 3)
    #expect(program.worldSize == 3)
    #expect(try program.call("work")["call"]?.text == "work")
    #expect(workshop.living.count == 4)
    program.end()
    #expect(workshop.living.isEmpty)
  }

  @Test("a program that is let go ends with all its ranks")
  func deinitialised() throws {
    _ = try workshop.start(Self.body + "serve()", ranks: 2)
    #expect(workshop.notes("processes").count == 2)
    #expect(workshop.living.isEmpty)
  }

  @Test("a rank that is killed is named, and none is left", arguments: [1, 2])
  func killed(rank: Int) throws {
    let error = try workshop.callError(
      Self.body + "asked(); os.kill(int(notes('rank-\(rank)')[0]), 9); time.sleep(60)", ranks: 3)
    #expect(
      error?.message == "the program is lost while it worked on 'work': rank \(rank) of 3 on"
        + " \(Self.host) ended")
    #expect(workshop.living.isEmpty)
  }

  @Test("rank 0 that is killed is named, though the others end with it")
  func killedFirst() throws {
    let error = try workshop.callError(
      Self.body + "asked(); os.kill(os.getpid(), 9)", ranks: 2)
    #expect(
      error?.message
        == "the program is lost while it worked on 'work': rank 0 of 2 on \(Self.host) ended")
    #expect(workshop.living.isEmpty)
  }

  @Test("a rank that fails says why")
  func failed() throws {
    let error = try workshop.callError(
      """
      start()
      if rank == 1:
          time.sleep(0.3)
          life.send(wire.Op.ERROR, 0, {"message": "NCCL timed out", "where": "x.py:7 in g", "rank": 1})
          os._exit(1)
      if rank == 0:
          asked()
      time.sleep(60)
      """, ranks: 2)
    #expect(
      error?.message == "the program is lost while it worked on 'work': rank 1 of 2 on"
        + " \(Self.host): NCCL timed out (x.py:7 in g)")
    #expect(workshop.living.isEmpty)
  }

  @Test("a rank that comes twice, or counts otherwise, is sent away")
  func twice() throws {
    let program = try workshop.start(
      """
      if rank == 1:
          while not notes("done"):
              time.sleep(0.01)
      start()
      if rank == 0:
          seen = []
          for changes in [{}, {"rank": 1, "worldSize": 3}]:
              channel = hello("lifeline", **changes)
              channel.socket.settimeout(5)
              seen.append(channel.socket.recv(1) == b"")
          note("done", 1)
          asked()
          reply(seen=seen)
          serve()
      time.sleep(60)
      """, ranks: 2)
    #expect(program.worldSize == 2)
    #expect(try program.call("look")["seen"] == .array([.bool(true), .bool(true)]))
  }

  @Test("a rank that is stopped is gone after the end")
  func stopped() throws {
    let program = try workshop.start(
      Self.body + "os.kill(int(notes('rank-1')[0]), signal.SIGSTOP); serve()", ranks: 2)
    _ = try program.call("work")
    program.end()
    #expect(workshop.living.isEmpty)
  }

  @Test("a launcher that ignores SIGTERM, and never ends, is ended")
  func stubborn() throws {
    let program = try workshop.start(Self.body + "serve()", ranks: 2, isStubborn: true)
    _ = try program.call("work")
    program.end()
    #expect(workshop.living.isEmpty)
  }

  @Test("a launcher that is killed takes its ranks with it")
  func launcherKilled() throws {
    let error = try workshop.callError(
      Self.body + "asked(); os.kill(os.getppid(), 9); time.sleep(60)", ranks: 2)
    #expect(
      error?.message == "the program is lost while it worked on 'work': it was ended by signal 9")
    #expect(workshop.living.isEmpty)
  }
}
