import FulcrumKernel
import PluginChecks
import PluginHost
import Testing

/// Tests how what libraries have is learnt from workers, which are shell scripts here.
@Suite struct SurveyorTests {
  private struct Inspection: LibraryInspection {
    let path: String
    var name: String { path }
    var digest: String? { path }
    var faults: [PluginFault] { [] }
    var announced: [(kind: HostComponent.Kind, name: String)] { [] }
    var summary: String { "" }
  }

  /// Tells of a reward named like the library. Its name says how a library dies.
  private static let script = """
    i=0
    for path in "$0" "$@"; do
      echo "{\\"begin\\":{\\"_0\\":$i}}"
      case $path in
        bad*) kill -SEGV $$ ;;
        stuck*) exec sleep 60 ;;
        refused*) echo "{\\"refused\\":{\\"_0\\":$i,\\"_1\\":\\"no stamp\\"}}" ;;
        *) echo "{\\"end\\":{\\"_0\\":$i,\\"_1\\":[{\\"kind\\":\\"reward\\",\\"name\\":\\"$path\\"},\
    {\\"kind\\":\\"of-the-future\\",\\"name\\":\\"y\\"}]}}" ;;
      esac
      i=$((i + 1))
    done
    """

  private func listings(_ names: [String]) -> [PluginListing] {
    names.map {
      PluginListing(
        name: $0, path: $0, origin: "a test", kinds: [.reward],
        inspection: .success(Inspection(path: $0)))
    }
  }

  private func survey(
    _ names: [String], script: String = script, limit: Double = 20
  ) throws -> [String] {
    let surveyor = ProcessSurveyor(executable: "/bin/sh", limit: limit) { ["-c", script] + $0 }
    return try surveyor.survey(listings(names)).map { survey in
      survey.library.name + ": "
        + (survey.failure ?? survey.components.map { "\($0.kind.rawValue) \($0.name)" }.joined())
    }
  }

  @Test func `every library is told, and one that is refused says why`() throws {
    #expect(
      try survey(["a", "refused", "b"]) == ["a: reward a", "refused: no stamp", "b: reward b"])
  }

  @Test func `one that crashes or hangs takes no other with it`() throws {
    #expect(
      try survey(["a", "bad", "b", "stuck", "c", "bad-too"], limit: 1) == [
        "a: reward a", "bad: crashed: SIGSEGV", "b: reward b", "stuck: no end after 1 s",
        "c: reward c", "bad-too: crashed: SIGSEGV",
      ])
  }

  @Test func `a worker that says nothing is not asked for ever`() throws {
    #expect(
      try survey(["a", "b"], script: "exit 3") == [
        "a: ended the process with status 3", "b: ended the process with status 3",
      ])
  }

  @Test func `a library is looked into once`() throws {
    let folder = "/tmp/fulcrum-survey-\(UInt64.random(in: 0 ... .max))"
    let script = "mkdir \(folder) || exit 9\n" + Self.script
    let surveyor = ProcessSurveyor(executable: "/bin/sh") { ["-c", script] + $0 }
    for _ in 0..<2 {
      let found = try surveyor.survey(listings(["a"]))
      #expect(found[0].components == [LibrarySurvey.Component(.reward, "a")])
    }
    _ = try ProcessSurveyor(executable: "/bin/rmdir") { _ in [folder] }.survey(listings(["a"]))
  }
}
