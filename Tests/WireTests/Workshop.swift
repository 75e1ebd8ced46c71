import Foundation
import FulcrumKernel
import Testing
import Wire

/// A folder with a Python program in it, removed with the value.
final class Workshop {
  let path = NSTemporaryDirectory() + "wire-" + UUID().uuidString

  /// What every program finds: `start()`, which says who it is, `asked()`, which gives the next call,
  /// `reply`, `event`, `fail`; its `rank` of `size`, and `note` for the test.
  private static let prelude = """
    import json, os, signal, socket, sys, threading, time
    from fulcrum import wire
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    here = os.path.dirname(os.path.abspath(__file__))
    address = os.environ["FULCRUM_ENGINE_ADDRESS"]
    def note(name, text):
        with open(here + "/" + name, "a") as file:
            file.write(str(text) + "\\n")
    def notes(name):
        try:
            return open(here + "/" + name).read().split()
        except FileNotFoundError:
            return []
    note("address", address)
    note("processes", os.getpid())
    def connect():
        kind, _, rest = address.partition(":")
        if kind == "unix":
            plug = socket.socket(socket.AF_UNIX)
            plug.connect(rest)
            return plug
        host, _, port = rest.rpartition(":")
        return socket.create_connection((host, int(port)))
    def hello(role, **changes):
        channel = wire.Channel(connect())
        channel.send(wire.Op.HELLO, 0, {
            "token": os.environ["FULCRUM_ENGINE_TOKEN"], "role": role, "rank": rank,
            "worldSize": size, "pid": os.getpid(), "host": socket.gethostname()} | changes)
        return channel
    def watch():
        try:
            life.receive()
        finally:
            os._exit(1)
    def start():
        global life, calls
        life = hello("lifeline")
        threading.Thread(target=watch, daemon=True).start()
        if rank == 0:
            calls = hello("calls")
    def asked():
        global number
        frame = calls.receive()
        if frame is None:
            os._exit(0)
        number = frame.sequence
        return frame
    def reply(arrays={}, **header):
        calls.send(wire.Op.REPLY, number, header, arrays)
    def event(arrays={}, **header):
        calls.send(wire.Op.EVENT, number, header, arrays)
        return calls.receive()
    def fail(code, message, **more):
        calls.send(wire.Op.ERROR, number, {"code": code, "message": message} | more)
    def serve():
        while True:
            frame = asked()
            reply(frame.arrays, call=frame.header["call"])

    """

  /// Starts ranks as torchrun does: each in a session of its own.
  private static let launcher = """
    import os, signal, subprocess, sys, time
    count, stubborn = int(sys.argv[1]), sys.argv[2] == "stubborn"
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(os.path.dirname(os.path.abspath(__file__)) + "/launcher", "w").write(str(os.getpid()))
    ranks = [
        subprocess.Popen(
            sys.argv[3:], start_new_session=True,
            env=os.environ | {"RANK": str(k), "WORLD_SIZE": str(count)})
        for k in range(count)
    ]
    for rank in ranks:
        rank.wait()
    while stubborn:
        time.sleep(1)
    sys.exit(max(rank.returncode != 0 for rank in ranks))
    """

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.launcher.write(toFile: path + "/launcher.py", atomically: true, encoding: .utf8)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Starts a program of one rank, or of several by a launcher.
  func start(
    _ body: String, ranks: Int? = nil, isStubborn: Bool = false,
    _ change: (inout WiredProgram.Description) -> Void = { _ in }
  ) throws -> WiredProgram {
    try (Self.prelude + body).write(toFile: path + "/p.py", atomically: true, encoding: .utf8)
    var command = ["python3", path + "/p.py"]
    if let ranks {
      command =
        ["python3", path + "/launcher.py", "\(ranks)", isStubborn ? "stubborn" : "mild"] + command
    }
    var description = WiredProgram.Description(
      name: "the program", location: "test", command: command)
    description.environment = ["PYTHONPATH": repository + "/Python"]
    change(&description)
    return try WiredProgram(description)
  }

  /// The error that a program leads to before it takes calls.
  func startError(
    _ body: String, ranks: Int? = nil, _ change: (inout WiredProgram.Description) -> Void = { _ in }
  ) -> FulcrumError? {
    #expect(throws: FulcrumError.self) { _ = try start(body, ranks: ranks, change) }
  }

  /// The error of the first call to a program.
  func callError(
    _ body: String, ranks: Int? = nil, _ change: (inout WiredProgram.Description) -> Void = { _ in }
  ) throws -> FulcrumError? {
    let program = try start(body, ranks: ranks, change)
    return #expect(throws: FulcrumError.self) { _ = try program.call("work") }
  }

  func notes(_ name: String) -> [String] {
    let text = (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// The program's processes, its launcher among them, that are there.
  var living: [String] {
    (notes("processes") + notes("launcher")).filter { process in
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let name = text.lastIndex(of: ")")
      else { return false }
      // One that has ended may wait for a parent to bury it.
      return !["Z", "X"].contains(text[text.index(after: name)...].split(separator: " ").first)
    }
  }

  /// The folder of the program's socket.
  var socketFolder: String {
    URL(fileURLWithPath: String((notes("address").first ?? "").dropFirst("unix:".count)))
      .deletingLastPathComponent().path
  }
}
