import FulcrumKernel
import PluginChecks
import PluginHost
import Testing

/// Tests the supervisor's judgement of workers, which are shell scripts here with a worker's
/// output.
@Suite struct SupervisorTests {
  /// Holds the finding of a subject's check.
  private struct Row: Equatable {
    let check: String
    let finding: CheckFinding

    init(_ check: String, _ finding: CheckFinding) {
      self.check = check
      self.finding = finding
    }
  }

  /// A file as an inspection of it says.
  private struct Inspection: LibraryInspection {
    var path: String { "x" }
    var name: String { "x" }
    var digest: String? { nil }
    var faults: [PluginFault] = []
    var announced: [(kind: HostComponent.Kind, name: String)] { [] }
    var summary: String { "kernel interface 7.8" }
  }

  private static let loaded =
    #"echo '{"loaded":{"milliseconds":1.5,"components":["reward x"]}}'"#

  /// Two checks of one component, the first essential, and one of another.
  private static let plan = """
    echo '{"plan":{"_0":[\
    {"subject":"reward x","name":"it can be made","isEssential":true},\
    {"subject":"reward x","name":"it is fast","isEssential":false},\
    {"subject":"reward y","name":"it can be made","isEssential":true}]}}'
    """

  private static func begin(_ index: Int) -> String { "echo '{\"begin\":{\"_0\":\(index)}}'" }

  private static func end(_ index: Int) -> String {
    "echo '{\"end\":{\"_0\":\(index),\"_1\":{\"ok\":{\"_0\":\"\"}}}}'"
  }

  private static let done = "echo '{\"done\":{}}'"

  private static let loads = [
    Row("it loads and registers its components", .ok("reward x")),
    Row("it loads within 100 ms", .ok("1.5 ms, the best of 3")),
  ]

  /// Runs all checks of a worker. Signals that the test runner blocks don't kill its children either:
  /// scripts die of SIGSEGV and SIGTRAP, which it doesn't.
  ///
  /// - Parameters:
  ///   - load: what a worker does that only loads.
  ///   - checks: what a worker does that begins with the check `$1`.
  private func run(
    load: String = loaded, checks: String = "", limit: Double = 20, file: Inspection? = nil
  ) throws -> [Row] {
    let script = """
      if [ "$0" = --load-only ]; then
      \(load)
      else
      \(Self.plan)
      \(checks)
      fi
      """
    let supervisor = CheckSupervisor(executable: "/bin/sh", limit: limit) { ["-c", script] + $0 }
    var rows: [Row] = []
    try supervisor.run(file) { rows.append(Row($0.check.name, $0.finding)) }
    return rows
  }

  @Test func `a worker that ends all checks is asked once`() throws {
    let checks = [Self.begin(0), Self.end(0), Self.begin(1), Self.end(1), Self.begin(2)]
    #expect(
      try run(checks: (checks + [Self.end(2), Self.done]).joined(separator: "\n"))
        == Self.loads + [
          Row("it can be made", .ok("")), Row("it is fast", .ok("")),
          Row("it can be made", .ok("")),
        ])
  }

  @Test func `another worker goes on where one has died`() throws {
    let checks = """
      case $1 in
      0) \(Self.begin(0)); \(Self.end(0)); \(Self.begin(1)); echo ouch >&2; kill -SEGV $$ ;;
      2) \(Self.begin(2)); exit 3 ;;
      esac
      """
    let rows = try run(checks: checks)
    #expect(
      rows
        == Self.loads + [
          Row("it can be made", .ok("")),
          Row("it is fast", .fault("crashed: SIGSEGV; its last words: ouch")),
          Row("it can be made", .fault("ended the process with status 3")),
        ])
  }

  @Test func `without an instance nothing else of a component is checked`() throws {
    let checks = """
      case $1 in
      0) \(Self.begin(0)); kill -SEGV $$ ;;
      2) \(Self.begin(2)); \(Self.end(2)); \(Self.done) ;;
      esac
      """
    let rows = try run(checks: checks)
    #expect(
      rows
        == Self.loads + [
          Row("it can be made", .fault("crashed: SIGSEGV")),
          Row("it is fast", .skipped("there is no instance to check")),
          Row("it can be made", .ok("")),
        ])
  }

  @Test func `a check without end is ended`() throws {
    let checks = """
      case $1 in
      0) \(Self.begin(0)); \(Self.end(0)); \(Self.begin(1)); exec sleep 60 ;;
      2) \(Self.begin(2)); \(Self.end(2)); \(Self.done) ;;
      esac
      """
    #expect(
      try run(checks: checks, limit: 0.5)[3] == Row("it is fast", .fault("no end after 0.5 s")))
  }

  @Test func `a plugin that can't be loaded is not checked further`() throws {
    let refusal = #"""
      echo '{"refused":{"isWrongRequest":false,"code":"pluginRefused","message":"refused: so",\#
      "place":"x.so","hint":"mend it"}}'
      """#
    #expect(
      try run(load: refusal, checks: "exit 1")
        == [Row(Self.loads[0].check, .fault("x.so: refused: so (hint: mend it)"))])
    #expect(
      try run(load: "kill -TRAP $$", checks: "exit 1")
        == [
          Row(
            Self.loads[0].check,
            .fault(
              "crashed: SIGTRAP (hint: Swift traps so on an index out of range, an overflow or a"
                + " missing value; a debug build says which)"))
        ])
  }

  @Test func `a wrong request is an error and no result`() throws {
    let refusal = #"""
      echo '{"refused":{"isWrongRequest":true,"code":"usage","message":"no","hint":"yes"}}'
      """#
    let error = #expect(throws: FulcrumError.self) { try run(load: refusal) }
    #expect(error?.code == .usage)
    #expect(error?.description == "no\n  hint: yes")
  }

  @Test func `a load that is always slow is a fault`() throws {
    let rows = try run(
      load: Self.loaded.replacing("1.5", with: "250"), checks: "\(Self.begin(0)); \(Self.done)")
    #expect(
      rows[1]
        == Row(
          "it loads within 100 ms",
          .fault(
            "250.0 ms, the best of 10 (hint: do the work when a component is made, not when it"
              + " registers)")))
  }

  @Test func `what the file tells comes first, and a fault is the end`() throws {
    let name = "this host can load it: format, machine, stamp, compiler"
    let done = Self.begin(0) + "\n" + Self.done
    #expect(
      try run(checks: done, file: Inspection())[0] == Row(name, .ok("kernel interface 7.8")))
    let fault = PluginFault("expected", hint: "do")
    #expect(
      try run(load: "exit 1", file: Inspection(faults: [fault]))
        == [Row(name, .fault("expected (hint: do)"))])
  }
}
