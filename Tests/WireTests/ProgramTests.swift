import Foundation
import FulcrumKernel
import JSON
import TestSupport
import Testing
import Wire

/// Programs that do what they should.
@Suite("a program on the wire") struct ProgramTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test("calls are replied to, one after another, with arrays of any size")
  func calls() throws {
    let program = try workshop.start("start(); serve()")
    #expect(program.worldSize == 1)
    // More than the sockets hold, both ways.
    for count in [0, 1, 3_000_000] {
      let sent = WireArray((0..<count).map { Float($0) })
      let frame = try program.call("echo", ([], [("x", sent)]))
      #expect(frame["call"]?.text == "echo")
      #expect(try frame.array("x") == sent)
    }
    program.end()
    #expect(workshop.living.isEmpty)
  }

  @Test("events are answered on the way to the reply")
  func events() throws {
    let program = try workshop.start(
      """
      start()
      asked()
      total = 0
      for k in range(5):
          total += event(piece=k).header["twice"]
      calls.send(wire.Op.EVENT, number, {"piece": -1}, {})
      reply(total=total)
      serve()
      """)
    var seen: [Int] = []
    let frame = try program.call("count") { (event) throws(WireFault) in
      let piece = event["piece"]?.integer ?? -2
      seen.append(piece)
      // One that needs no answer gets none.
      return piece < 0 ? nil : ([JSONMember("twice", .integer(2 * piece))], [])
    }
    #expect(seen == [0, 1, 2, 3, 4, -1])
    #expect(frame["total"]?.integer == 20)
    #expect(try program.call("next")["call"]?.text == "next")
  }

  @Test("an error of its own has its code, and the program goes on")
  func refusals() throws {
    let program = try workshop.start(
      """
      start()
      asked(); fail("data", "the prompt is empty", hint="write one")
      asked(); fail("not-finite", "the norm is inf", at="weights")
      serve()
      """)
    let data = #expect(throws: FulcrumError.self) { _ = try program.call("work") }
    #expect(data == FulcrumError(.data, "the prompt is empty", at: "test", hint: "write one"))
    let infinite = #expect(throws: FulcrumError.self) { _ = try program.call("work") }
    #expect(infinite == FulcrumError(.notFinite, "the norm is inf", at: "weights"))
    #expect(try program.call("work")["call"]?.text == "work")
  }

  @Test(
    "a fault of its own, or a code that is none of its, is its end",
    arguments: ["plugin-fault", "stopped", "teapot"])
  func faults(code: String) throws {
    let program = try workshop.start(
      """
      start(); asked(); fail("\(code)", "out of memory", where="x.py:3 in f", hint="take less")
      time.sleep(60)
      """)
    let error = #expect(throws: FulcrumError.self) { _ = try program.call("work") }
    #expect(
      error
        == FulcrumError(
          .program, "the program failed while it worked on 'work': out of memory (x.py:3 in f)",
          at: "test", hint: "take less"))
    #expect(workshop.living.isEmpty)
    let later = #expect(throws: FulcrumError.self) { _ = try program.call("again") }
    #expect(later == error)
  }

  @Test("what can't be sent is told, and the program goes on")
  func tooLong() throws {
    let program = try workshop.start("start(); serve()")
    let long = JSONMember("t", .string(String(repeating: "x", count: 70_000)))
    let error = #expect(throws: FulcrumError.self) { _ = try program.call("work", ([long], [])) }
    #expect(error?.code == .usage)
    #expect(
      error?.message == "the program can't be asked for 'work': expected a header of at most 65536"
        + " bytes, got 70022")
    #expect(try program.call("work")["call"]?.text == "work")
  }

  @Test("what it prints goes to the log, line by line, and disturbs nothing")
  func prints() throws {
    let text = try LogCapture.log {
      let program = try workshop.start(
        """
        print("before the start")
        start()
        asked()
        print("FLCM is no frame here", file=sys.stderr)
        sys.stdout.buffer.write(b"\\xff\\n" + b"x" * 5000 + b"\\n")
        for i in range(100_000):
            print("e" * 99)
        sys.stdout.write("without an end")
        reply(done=True)
        serve()
        """)
      #expect(try program.call("work")["done"]?.bool == true)
      program.end()
    }
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("test: ") }
    #expect(lines.contains("test: before the start"))
    #expect(lines.contains("test: FLCM is no frame here"))
    #expect(lines.contains("test: \u{FFFD}"))
    #expect(
      lines.contains("test: \(String(repeating: "x", count: 2000)) … (3000 bytes more)"))
    #expect(lines.count { $0 == "test: " + String(repeating: "e", count: 99) } == 100_000)
    #expect(lines.contains("test: without an end"))
  }

  @Test("the socket is this user's alone, and is removed once all have come")
  func socket() throws {
    let program = try workshop.start(
      """
      path = address[5:]
      modes = [os.stat(os.path.dirname(path)).st_mode & 0o777, os.stat(path).st_mode & 0o777]
      start()
      asked(); reply(modes=modes, token=os.environ["FULCRUM_ENGINE_TOKEN"], words=sys.argv)
      serve()
      """)
    #expect(!FileManager.default.fileExists(atPath: workshop.socketFolder))
    let frame = try program.call("look")
    #expect(frame["modes"] == .array([.integer(0o700), .integer(0o600)]))
    let token = frame["token"]?.text ?? ""
    #expect(token.utf8.count == 64 && token.allSatisfy(\.isHexDigit))
    #expect(frame["words"] == .array([.string(workshop.path + "/p.py")]))
  }

  @Test("a program elsewhere comes by TCP")
  func network() throws {
    let program = try workshop.start("start(); serve()") { $0.host = "127.0.0.1" }
    #expect(workshop.notes("address").first?.hasPrefix("tcp:127.0.0.1:") == true)
    #expect(try program.call("work")["call"]?.text == "work")
  }

  @Test("a program elsewhere finds any of the host's addresses by the host's name")
  func anywhere() throws {
    let program = try workshop.start(
      """
      name = address.split(":")[1]
      address = address.replace(name, "127.0.0.1")
      start()
      asked(); reply(name=name)
      """
    ) { $0.host = "auto" }
    #expect(try program.call("work")["name"]?.text == ProcessInfo.processInfo.hostName)
  }

  @Test("an address that can't be listened at is told")
  func noAddress() throws {
    let port = workshop.startError("") { $0.host = "127.0.0.1:no-port" }
    #expect(port?.code == .parameter)
    #expect(port?.message == "expected a port from 0 to 65535, got 'no-port'")
    let program = try workshop.start("start(); serve()") { $0.host = "127.0.0.1" }
    #expect(try program.call("work")["call"]?.text == "work")
    // An address of a network that is kept for documents.
    let foreign = workshop.startError("") { $0.host = "192.0.2.1" }
    #expect(
      foreign?.code == .inputOutput && foreign?.location == "192.0.2.1",
      "\(String(describing: foreign))")
  }

  @Test("strangers are sent away, and disturb nothing")
  func strangers() throws {
    let program = try workshop.start(
      """
      def is_sent_away(send):
          plug = connect()
          send(plug)
          plug.settimeout(5)
          try:
              return plug.recv(1) == b""
          except ConnectionResetError:
              return True
          except TimeoutError:
              return False
      def said(**changes):
          frame = wire.Frame(wire.Op.HELLO, 0, {
              "token": os.environ["FULCRUM_ENGINE_TOKEN"], "role": "lifeline", "rank": 0,
              "worldSize": 1} | changes)
          return lambda plug: plug.sendall(b"".join(wire.encode(frame)))
      prefix = wire.PREFIX.pack(b"FLCM", 1, 1, 0, 2, 8)
      silent, cut = connect(), connect()
      cut.sendall(b"FLC"); cut.close()
      seen = [is_sent_away(send) for send in [
          lambda plug: plug.sendall(b"GET / HTTP/1.1\\r\\nHost: here\\r\\n\\r\\n"),
          lambda plug: plug.sendall(prefix + b"{}" + bytes(8)),
          said(token="0" * 64), said(token=7), said(rank=-1), said(rank=1), said(worldSize=0),
          said(rank=1, worldSize=2, role="calls"),
          lambda plug: plug.sendall(b"".join(wire.encode(wire.Frame(wire.Op.CALL, 1, {})))),
      ]]
      start()
      asked(); reply(seen=seen)
      serve()
      """)
    #expect(try program.call("look")["seen"] == .array(Array(repeating: .bool(true), count: 9)))
    #expect(try program.call("work")["call"]?.text == "work")
  }
}
