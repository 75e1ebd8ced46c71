import Foundation
import FulcrumKernel
import ProcessRewardPlugin
import TestSupport
import Testing

/// Programs that can't work, which are given up in seconds, and slow or strange ones that are not.
@Suite struct GivenUpTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private static let eachLine =
    "reply to each line as soon as it is read, don't read to the end of the input first; and flush"
    + " each reply, in Python by print(…, flush=True)"
  private static let standardError =
    "standard output is for replies alone: print all else to standard error, in Python by"
    + " print(…, file=sys.stderr)"
  private static let form =
    #"reply to each line with {"id": ID, "reward": NUMBER}, where ID is the line's own, or with"#
    + #" "error" or "refused" for "reward""#

  /// The error of a reward with the limits that a user has who sets none.
  private func refusal(_ reward: ProcessReward) -> FulcrumError? {
    #expect(throws: FulcrumError.self) { try reward.score(samples(["a", "b", "c", "d", "e"])) }
  }

  @Test(
    arguments: [
      "lines = sys.stdin.readlines()\nfor line in lines:\n  say(id=json.loads(line)['id'], reward=1)",
      "text = sys.stdin.read()\nfor line in text.splitlines():\n  say(id=0, reward=1)",
      // Replies that stay in a buffer.
      "out = os.fdopen(os.dup(1), 'w')\nwhile (s := ask()) is not None:\n"
        + "  out.write(json.dumps({'id': s['id'], 'reward': 1}) + '\\n')",
      // A thread that waits for work is no sign of any.
      "import queue, threading\nthreading.Thread(target=queue.Queue().get, daemon=True).start()\n"
        + "sys.stdin.read()",
    ])
  func `one that waits for more lines before it replies is told so`(body: String) throws {
    let error = refusal(try workshop.python("open('starts', 'a').write('x\\n')\n" + body))
    #expect(
      error?.message
        == "expected a reply from the program, got none in 3 starts; the last: it waits"
        + " for more lines, and has not replied to all that it was sent")
    #expect(error?.hint == Self.eachLine)
    #expect(workshop.lines("starts").count == 3)
  }

  @Test func `one behind a shell is found out as well`() throws {
    let reward = try workshop.make([
      "command": .texts(["sh", "-c", "python3 -c 'import sys; sys.stdin.read()'; echo done"])
    ])
    #expect(refusal(reward)?.hint == Self.eachLine)
  }

  @Test func `what it prints beside replies belongs on standard error`() throws {
    let error = refusal(
      try workshop.python(
        """
        print("loading sympy ... done")
        while (s := ask()) is not None:
            say(id=s["id"], reward=1)
        """))
    #expect(error?.message.hasSuffix("got 'loading sympy ... done'") == true)
    #expect(error?.hint == Self.standardError)
  }

  @Test(arguments: ["print(1.0)", "say(id=s['id'], score=1)", "say(reward=1)"])
  func `a reply of a wrong form is told the right one`(reply: String) throws {
    let error = refusal(
      try workshop.python("while (s := ask()) is not None:\n    \(reply)"))
    #expect(error?.hint == Self.form)
  }

  @Test func `its standard error is shown once, and the error has its last line`() throws {
    var error: FulcrumError?
    let log = try LogCapture.log {
      error = refusal(try workshop.python("import sys\nimport no_such_module_here"))
    }
    let last = "ModuleNotFoundError: No module named 'no_such_module_here'"
    #expect(
      error?.message
        == "expected a reply from the program, got none in 3 starts; the last: it ended"
        + " with status 1; its last words: '\(last)'")
    #expect(
      error?.hint == #"try it alone in \#(workshop.path): echo '{"id": 0, "prompt": "","#
        + #" "completion": "", "answer": ""}' | python3 r.py"#)
    let lines = log.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("reward process: ModuleNotFoundError") } == 1, "\(log)")
    // Without the last words, which are in the log already.
    for number in 1...2 {
      let again =
        "reward process: starts again after failure \(number) in a row: it ended with status 1"
      #expect(lines.contains { $0 == again }, "\(log)")
    }
  }

  @Test func `one that ends before it replies is told to go on`() throws {
    let error = refusal(try workshop.python("ask()"))
    #expect(error?.message.hasSuffix("the last: it ended with status 0") == true)
    #expect(error?.hint == "read lines until the input ends, and reply to each of them")
  }

  @Test func `fewer restarts than its tries are heeded`() throws {
    let error = refusal(try workshop.python("sys.exit(3)", ["restarts": .integer(0)]))
    #expect(
      error?.message == "expected a reply from the program, got none in 1 start; the last: it ended"
        + " with status 3")
  }

  @Test(
    arguments: [
      // Loads first, or at the first line, for longer than one that waits is watched.
      "time.sleep(4)\n" + wellBehaved,
      "s = ask()\ntime.sleep(4)\nsay(id=s['id'], reward=1)\n" + wellBehaved,
      // Reads on while threads judge.
      """
      import threading
      def judge(s):
          time.sleep(4)
          say(id=s["id"], reward=len(s["completion"]))
      while (s := ask()) is not None:
          threading.Thread(target=judge, args=[s]).start()
      """,
      // Collects lines for some seconds, and judges them together.
      """
      import queue, threading
      lines = queue.Queue()
      def judge():
          held = []
          while True:
              try:
                  held.append(lines.get(timeout=4))
              except queue.Empty:
                  for s in held:
                      say(id=s["id"], reward=len(s["completion"]))
                  held = []
      threading.Thread(target=judge, daemon=True).start()
      while (s := ask()) is not None:
          lines.put(s)
      """,
      // Lets a child judge.
      """
      import subprocess
      while (s := ask()) is not None:
          subprocess.run(["sleep", "1.5"])
          say(id=s["id"], reward=len(s["completion"]))
      """,
    ])
  func `a slow one is waited for`(body: String) throws {
    let scores = try workshop.python(body).score(samples(["a", "b"]))
    #expect(scores.map(\.value) == [1, 1])
  }

  @Test func `one that has replied before is started again more often than one that has not`()
    throws
  {
    let reward = try workshop.python(
      """
      open("starts", "a").write("x\\n")
      starts = len(open("starts").readlines())
      while (s := ask()) is not None:
          if 1 < starts < 6:
              sys.exit("gone")
          say(id=s["id"], reward=1)
          if starts == 1:
              sys.exit()
      """)
    var values: [Double?] = []
    // Each batch asks twice: whole, and its one sample alone.
    let log = try LogCapture.log {
      for _ in 0..<4 { values += try reward.score(samples(["a"])).map(\.value) }
    }
    #expect(values == [1, nil, nil, 1])
    // Shown each time: it may be another reason.
    #expect(log.split(separator: "\n").count { $0 == "reward process: gone" } == 4, "\(log)")
  }

  @Test func `true is a reward of 1, false one of 0`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          say(id=s["id"], reward=s["completion"] == "right", outcome="value")
      """)
    #expect(try reward.score(samples(["right", "wrong"])).map(\.value) == [1, 0])
  }
}
