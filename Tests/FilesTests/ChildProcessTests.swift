import Files
import FulcrumKernel
import Testing

@Suite struct ChildProcessTests {
  private func run(
    _ script: String, silence: Double = 20, limit: Double = .infinity
  ) throws -> (end: ChildProcess.End, lines: [String], errors: String) {
    var lines: [String] = []
    let child = ChildProcess(
      executable: "/bin/sh", arguments: ["-c", script], silence: silence, limit: limit)
    let (end, errors) = try child.run { lines.append(String(decoding: $0, as: UTF8.self)) }
    return (end, lines, errors)
  }

  @Test func `lines come one by one, and the exit status at the end`() throws {
    let result = try run("echo one; echo; printf 'two\\nno line'; exit 3")
    #expect(result.end == .exited(3))
    #expect(result.lines == ["one", "", "two"])
    #expect(result.errors == "")
  }

  @Test func `a signal is not an exit status`() throws {
    #expect(try run("kill -SEGV $$").end == .killedBySignal(11))
    // Its own, not the watch's.
    #expect(try run("kill -KILL $$").end == .killedBySignal(9))
  }

  @Test func `silence ends it, words don't`() throws {
    #expect(try run("echo one; exec sleep 60", silence: 0.3).end == .timedOut)
    let talkative = try run("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done", silence: 1)
    #expect(talkative.end == .exited(0))
    #expect(talkative.lines.count == 6)
    // Standard error is no message.
    let script = "while true; do echo complaint >&2; sleep 0.05; done"
    #expect(try run(script, silence: 0.3).end == .timedOut)
  }

  @Test func `words don't help beyond the limit`() throws {
    let result = try run("while true; do echo one; sleep 0.1; done", limit: 0.5)
    #expect(result.end == .timedOut)
    #expect(result.lines.count > 1)
  }

  @Test func `of a flood the end is kept, and it doesn't block`() throws {
    let result = try run(
      "yes 0123456789 | head -c 3000000; yes flood | head -c 3000000 >&2; echo last >&2")
    #expect(result.end == .exited(0))
    #expect(result.lines.count == 3_000_000 / 11)
    #expect(result.lines.allSatisfy { $0 == "0123456789" })
    #expect(result.errors.utf8.count <= 4096)
    #expect(result.errors.hasSuffix("flood\nlast\n"))
  }

  @Test func `a grandchild that keeps the pipes open is not waited for`() throws {
    let begin = ContinuousClock.now
    let result = try run("sleep 5 & echo one")
    #expect(result.end == .exited(0))
    #expect(result.lines == ["one"])
    #expect(ContinuousClock.now - begin < .seconds(4))
  }

  @Test func `there is nothing to read on standard input`() throws {
    #expect(try run("read word || echo none").lines == ["none"])
  }

  @Test func `a program that is not there is an error`() {
    let child = ChildProcess(executable: "/no/such/program", arguments: [], silence: 1)
    let error = #expect(throws: FulcrumError.self) { _ = try child.run { _ in } }
    #expect(
      error?.description
        == "/no/such/program: could not start a process: No such file or directory")
  }
}
