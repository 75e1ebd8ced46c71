import Files
import Foundation
import FulcrumKernel
import Testing

@Suite struct RunningProcessTests {
  private func start(
    _ script: String, change: (inout RunningProcess.Program) -> Void = { _ in }
  ) throws -> RunningProcess {
    var program = RunningProcess.Program(executable: "/bin/sh", arguments: ["sh", "-c", script])
    change(&program)
    return try RunningProcess(program)
  }

  /// Waits for its end; what it wrote to standard output before.
  private func output(_ child: RunningProcess) -> String {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    for _ in 0..<2000 {
      let isOver = child.hasEnded()
      while true {
        let count = read(child.output, &piece, piece.count)
        guard count > 0 else { break }
        bytes += piece[..<count]
      }
      if isOver { break }
      usleep(5000)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func isAlive(_ id: String) -> Bool {
    kill(pid_t(id.trimmingCharacters(in: .newlines)) ?? 0, 0) == 0
  }

  @Test func `what is written comes back, and the end has its status`() throws {
    let child = try start("cat; exit 3")
    #expect(child.end == nil)
    #expect(child.write(Array("one\ntwo\n".utf8)[4...]) == 4)
    child.closeInput()
    #expect(output(child) == "two\n")
    #expect(child.end == .exited(3))
  }

  @Test func `a program that is ended says by which signal`() throws {
    let asked = try start("exec sleep 60")
    asked.terminate()
    _ = output(asked)
    #expect(asked.end == .killedBySignal(SIGTERM))
    let killed = try start("exec sleep 60")
    killed.kill()
    killed.kill()
    #expect(killed.end == .killedBySignal(SIGKILL))
  }

  @Test func `a program that waits for input is told from one that works`() throws {
    /// Whether it is seen waiting within a second.
    func waits(_ script: String, ownGroup: Bool = true) throws -> Bool {
      let child = try start(script) { $0.hasOwnGroup = ownGroup }
      for _ in 0..<50 {
        if child.waitsForInput { return true }
        usleep(20_000)
      }
      return false
    }
    #expect(try waits("read line"))
    // A shell that waits for a child that reads.
    #expect(try waits("cat; true"))
    #expect(try !waits("sleep 60"))
    // One reads, and another works.
    #expect(try !waits("sleep 60 & cat"))
    // A pipe that is not the program's input.
    #expect(try !waits("sleep 60 | cat"))
    // Without a group nobody knows what belongs to it.
    #expect(try !waits("read line", ownGroup: false))
  }

  @Test func `a group of its own ends as a whole, also when the program ends first`() throws {
    let child = try start("sleep 60 & echo $!") { $0.hasOwnGroup = true }
    let id = output(child)
    #expect(child.end == .exited(0))
    for _ in 0..<500 where isAlive(id) { usleep(10_000) }
    #expect(!isAlive(id))
    let other = try start("sleep 60 & echo $!; exit 1")
    let survivor = output(other)
    #expect(isAlive(survivor))
    kill(pid_t(survivor.trimmingCharacters(in: .newlines)) ?? 0, SIGKILL)
  }

  @Test func `folder and environment are what the host says`() throws {
    let child = try start("pwd; echo $COLOUR") {
      $0.folder = "/usr"
      $0.environment["COLOUR"] = "grey"
    }
    #expect(output(child) == "/usr\ngrey\n")
  }

  @Test func `no other file of the host is open in it, and no signal is blocked`() throws {
    // Without the flag that closes it.
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let child = try start(
      "ls /proc/self/fd | sort -n | tr '\\n' ' '; grep SigBlk /proc/self/status")
    let lines = output(child)
    // The fourth is the folder that ls reads.
    #expect(lines.hasPrefix("0 1 2 3 "), "\(lines)")
    #expect(!lines.contains(" \(descriptor) ") || descriptor == 3, "\(lines)")
    #expect(lines.contains("0000000000000000"), "\(lines)")
  }

  @Test func `writing to a program that doesn't read ends neither side's host`() throws {
    let child = try start("exec 0<&-; echo closed; sleep 0.2")
    var piece = [UInt8](repeating: 0, count: 16)
    while read(child.output, &piece, piece.count) <= 0 { usleep(5000) }
    #expect(child.write(Array("one\n".utf8)[...]) == 0)
    #expect(child.input == -1)
    _ = output(child)
    #expect(child.end == .exited(0))
  }

  @Test func `a program that is not there is an error`() {
    let error = #expect(throws: FulcrumError.self) {
      try RunningProcess(.init(executable: "/no/such", arguments: ["such"]))
    }
    #expect(error?.description == "/no/such: could not start a process: No such file or directory")
  }
}
