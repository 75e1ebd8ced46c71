import Foundation
import FulcrumKernel
import ProcessRewardPlugin
import TestSupport
import Testing

/// Several copies of the program, several callers, and the end.
@Suite struct WorkersTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private let texts = (0..<97).map { String(repeating: "x", count: $0 * 7 % 50) }

  @Test(arguments: [1, 2, 5], [1, 10, 1000])
  func `the scores don't depend on workers and batches`(workers: Int, batch: Int) throws {
    let reward = try workshop.python(
      wellBehaved, ["workers": .integer(workers), "batch": .integer(batch)])
    #expect(try reward.score(samples(texts)).map(\.value) == texts.map { Double($0.count) })
    #expect(try reward.score([RewardSample]()).isEmpty)
    #expect(try reward.score(samples(["abc"])[0]).value == 3)
  }

  @Test func `workers work at the same time`() throws {
    // Each waits for the other: one alone would never answer.
    let reward = try workshop.python(
      """
      s = ask()
      open(s["completion"], "w").close()
      while not (os.path.exists("a") and os.path.exists("b")):
          time.sleep(0.01)
      say(id=s["id"], reward=1)
      ask()
      """, ["workers": .integer(2), "batch": .integer(1)])
    #expect(try reward.score(samples(["a", "b"])).map(\.outcome.rawValue) == ["value", "value"])
  }

  @Test(arguments: [1, 3])
  func `several threads may ask at once`(workers: Int) async throws {
    let reward = try workshop.python(
      wellBehaved, ["workers": .integer(workers), "batch": .integer(4)])
    let texts = texts
    try await withThrowingTaskGroup(of: [Double?].self) { group in
      for _ in 0..<6 {
        group.addTask { try reward.score(samples(texts)).map(\.value) }
      }
      for try await rewards in group { #expect(rewards == texts.map { Double($0.count) }) }
    }
  }

  @Test func `an error of one batch is the call's`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          if s["completion"] == "bad":
              sys.exit(3)
          say(id=s["id"], reward=1)
      """, ["workers": .integer(2), "batch": .integer(1), "restarts": .integer(0)])
    let error = #expect(throws: FulcrumError.self) {
      try reward.score(samples(["a", "bad", "c", "d"]))
    }
    #expect(error?.message.hasSuffix("the last: it ended with status 3") == true)
  }

  @Test func `at the end of its input a program may still do its work, and is waited for`() throws {
    let log = try LogCapture.log {
      let reward = try workshop.python(
        wellBehaved + "\ntime.sleep(0.3)\nprint('good bye', file=sys.stderr)"
          + "\nopen('end', 'w').write('whole')")
      _ = try reward.score(samples(["a"]))
    }
    #expect(workshop.lines("end") == ["whole"])
    #expect(log.contains("reward process: good bye\n"))
  }

  @Test func `one that doesn't end by itself is asked, then made to`() throws {
    do {
      let reward = try workshop.python(
        """
        import signal
        def asked(number, frame):
            open("asked", "w").write("yes")
        signal.signal(signal.SIGTERM, asked)
        open("id", "w").write(str(os.getpid()))
        s = ask()
        say(id=s["id"], reward=1)
        while True:
            time.sleep(1)
        """)
      _ = try reward.score(samples(["a"]))
    }
    #expect(workshop.lines("asked") == ["yes"])
    let id = try #require(pid_t(workshop.lines("id").first ?? ""))
    #expect(kill(id, 0) == -1 && errno == ESRCH)
  }

  @Test func `a program has its folder, the environment and nothing else of the host's`() throws {
    let reward = try workshop.python(
      """
      s = ask()
      files = sorted(int(n) for n in os.listdir("/proc/self/fd"))
      facts = [os.getcwd(), os.environ["PYTHONUNBUFFERED"], os.environ["HOME"], str(files[:3]),
               str(os.getpgid(0) == os.getpid()), str(len(files))]
      open("facts", "w").write("\\n".join(facts))
      say(id=s["id"], reward=1)
      ask()
      """)
    _ = try reward.score(samples(["a"]))
    let facts = workshop.lines("facts")
    #expect(facts.first?.hasSuffix((workshop.path as NSString).lastPathComponent) == true)
    // The fourth descriptor is the listing's own.
    let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
    #expect(Array(facts.dropFirst()) == ["1", home, "[0, 1, 2]", "True", "4"])
  }
}
