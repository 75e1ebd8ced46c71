import Foundation
import FulcrumKernel
import ProcessRewardPlugin
import TestSupport
import Testing

/// Programs that do what they should not.
@Suite struct MisbehaviourTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// The error after too many failures.
  private func failure(_ body: String, restarts: Int = 1) throws -> String {
    let reward = try workshop.python(body, ["restarts": .integer(restarts)])
    let error = #expect(throws: FulcrumError.self) { try reward.score(samples(["a", "b"])) }
    return error?.message ?? ""
  }

  @Test func `one that dies at once stops the run after its restarts, with its last words`() throws
  {
    let message = try failure(
      """
      open("starts", "a").write("x\\n")
      print("first", file=sys.stderr)
      sys.exit("no module named judge")
      """, restarts: 2)
    #expect(
      message == "expected a reply from the program, got none in 3 starts; the last: it ended with"
        + " status 1; its last words: 'no module named judge'")
    #expect(workshop.lines("starts").count == 3)
  }

  @Test func `one that ends with status 0, or by a signal, is told apart`() throws {
    #expect(try failure("ask()", restarts: 0).hasSuffix("the last: it ended with status 0"))
    #expect(
      try failure("ask(); os.kill(os.getpid(), 11)", restarts: 0).hasSuffix(
        "the last: it was ended by signal 11"))
  }

  @Test func `one that dies in the middle of a batch is started again for the rest`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          if s["completion"] == "ccc" and first("died"):
              os.kill(os.getpid(), 9)
          say(id=s["id"], reward=len(s["completion"]))
      """)
    let scores = try reward.score(samples(["a", "bb", "ccc", "dddd"]))
    #expect(scores.map(\.value) == [1, 2, 3, 4])
  }

  @Test func `a sample that always kills it is an error, and only that one`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          if s["completion"] == "bad":
              sys.exit("bad sample")
          say(id=s["id"], reward=1)
      """)
    let scores = try reward.score(samples(["a", "bad", "c", "d"]))
    #expect(scores.map(\.outcome.rawValue) == ["value", "error", "value", "value"])
    #expect(scores[1].value == nil)
    #expect(scores[1].reason == "it ended with status 1; its last words: 'bad sample'")
  }

  @Test func `a sample that takes too long is a time-out, and only that one`() throws {
    // A shell is up in no time, however busy the machine.
    let program = #"""
      while read -r line; do
        case $line in *slow*) sleep 60 ;; esac
        id=${line##*\"id\":}
        echo "{\"id\": ${id%%,*}, \"reward\": 1}"
      done
      """#
    let reward = try workshop.make([
      "command": .texts(["sh", "-c", program]), "time-limit": .number(1), "start-limit": .number(1),
    ])
    let scores = try reward.score(samples(["a", "slow", "c"]))
    #expect(scores.map(\.outcome.rawValue) == ["value", "time-out", "value"])
    // It is asked alone after the others, of a program that is up.
    #expect(scores[1].reason == "no reply within 1 s")
  }

  @Test func `garbage for one sample is that one's error`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          if s["completion"] == "bad":
              print("Traceback: oh no")
          else:
              say(id=s["id"], reward=1)
      """)
    let scores = try reward.score(samples(["a", "bad", "c"]))
    #expect(scores.map(\.outcome.rawValue) == ["value", "error", "value"])
    #expect(
      scores[1].reason
        == #"expected a JSON object such as {"id": 1, "reward": 0.5}, got 'Traceback: oh no'"#)
  }

  @Test func `a second reply to an id is refused, the scores stand`() throws {
    let reward = try workshop.python(
      """
      twice = first("was here")
      while (s := ask()) is not None:
          say(id=s["id"], reward=len(s["completion"]))
          if twice:
              say(id=s["id"], reward=99)
      """)
    var scores: [RewardScore] = []
    let log = try LogCapture.log {
      scores = try reward.score(samples(["a", "bb", "ccc"]))
      scores += try reward.score(samples(["dddd"]))
    }
    #expect(scores.map(\.value) == [1, 2, 3, 4])
    #expect(
      log.contains(
        "reward process: starts again after failure 1 in a row: expected one reply to id 0, got two"
      ),
      "\(log)")
  }

  @Test func `what it says unasked between batches is no fault of the next samples`() throws {
    let reward = try workshop.python(
      """
      chatty = first("was here")
      while (s := ask()) is not None:
          say(id=s["id"], reward=len(s["completion"]))
          if chatty:
              print("done")
      """)
    var scores: [RewardScore] = []
    let log = try LogCapture.log {
      scores = try reward.score(samples(["a"]))
      // Time for the line to arrive.
      usleep(200_000)
      scores += try reward.score(samples(["bb"]))
    }
    #expect(scores.map(\.value) == [1, 2])
    #expect(log.contains("got 'done'"), "\(log)")
  }

  @Test func `one that never reads is given up, however much it is sent`() throws {
    let reward = try workshop.python(
      "time.sleep(60)", ["time-limit": .number(0.2), "start-limit": .number(0)])
    let large = String(repeating: "x", count: 1_000_000)
    let error = #expect(throws: FulcrumError.self) { try reward.score(samples([large, "b"])) }
    #expect(
      error?.message
        == "expected a reply from the program, got none in 2 starts; the last: no reply"
        + " within 0.2 s")
    #expect(
      error?.hint?.contains("for a program that takes long to load raise start-limit") == true)
  }

  @Test func `ten megabytes each way and on standard error block nobody`() throws {
    let reward = try workshop.python(
      """
      line = "e" * 99
      while (s := ask()) is not None:
          for i in range(50_000):
              print(line, file=sys.stderr)
          say(id=s["id"], reward=len(s["completion"]), parts={"n" * 500_000: 1})
      """)
    var scores: [RewardScore] = []
    let log = try LogCapture.log {
      scores = try reward.score(
        samples([5_000_000, 5_000_001].map { String(repeating: "y", count: $0) }))
    }
    #expect(scores.map(\.value) == [5_000_000, 5_000_001])
    let expected = "reward process: " + String(repeating: "e", count: 99)
    #expect(log.split(separator: "\n").count { $0 == expected } == 100_000)
  }

  @Test func `a line without end on standard error is cut, one on standard output refused`() throws
  {
    let reward = try workshop.python(
      """
      s = ask()
      print("e" * 5000, file=sys.stderr)
      say(id=s["id"], reward=1)
      s = ask()
      sys.stdout.write("x" * 3_000_000)
      ask()
      """, ["restarts": .integer(0)])
    var message = ""
    var scores: [RewardScore] = []
    let log = try LogCapture.log {
      scores = try reward.score(samples(["a"]))
      let error = #expect(throws: FulcrumError.self) { try reward.score(samples(["b"])) }
      message = error?.message ?? ""
    }
    #expect(scores.map(\.value) == [1])
    let cut = "reward process: " + String(repeating: "e", count: 2000) + " … (3000 bytes more)"
    #expect(log.split(separator: "\n").contains { $0 == cut })
    #expect(message.contains("the last: it sent a line of more than 1048576 bytes"))
  }

  @Test func `one that closes its output, and lives on, is ended`() throws {
    let message = try failure(
      """
      open("id", "w").write(str(os.getpid()))
      ask()
      os.close(1)
      time.sleep(60)
      """, restarts: 0)
    #expect(message.hasSuffix("the last: it closed its standard output"))
    let id = try #require(pid_t(workshop.lines("id").first ?? ""))
    #expect(kill(id, 0) == -1 && errno == ESRCH)
  }

  @Test func `one that ends after every batch is started for the next`() throws {
    let reward = try workshop.python(
      """
      open("starts", "a").write("x\\n")
      say(id=ask()["id"], reward=1)
      """)
    for _ in 0..<3 {
      #expect(try reward.score(samples(["a"])).map(\.outcome.rawValue) == ["value"])
      usleep(200_000)
    }
    #expect(workshop.lines("starts").count == 3)
  }

  @Test func `a shell and what it started end together`() throws {
    let reward = try workshop.make([
      "command": .texts(["sh", "-c", "sleep 61 & echo $! > child; read x; sleep 60"]),
      "time-limit": .number(1), "start-limit": .number(0),
    ])
    #expect(throws: FulcrumError.self) { try reward.score(samples(["a"])) }
    let id = try #require(pid_t(workshop.lines("child").first ?? ""))
    // Its new parent takes a moment to bury it.
    for _ in 0..<100 where kill(id, 0) == 0 { usleep(20_000) }
    #expect(kill(id, 0) == -1)
  }
}
