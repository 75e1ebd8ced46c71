import Foundation
import Testing

/// Pins, and the page of all parameters.
@Suite struct PluginLockTests {
  private let folder: CommandLine.Folder

  init() throws { folder = try CommandLine.Folder() }

  private var config: String { folder.path + "/run.yaml" }

  private func write() throws {
    try (SmallRun.training + SmallRun.task + SmallRun.policy).write(
      toFile: config, atomically: true, encoding: .utf8)
  }

  @Test func `a configuration is pinned, checked, and refuses another library`() throws {
    try write()
    let missing = try CommandLine().run("plugin", "lock", config, "--check")
    #expect(missing.status == 1)
    #expect(missing.output.hasSuffix("8 of 8 pins to write\n"))
    let locked = try CommandLine().run("plugin", "lock", config)
    #expect(locked.status == 0, "\(locked.errors)")
    #expect(locked.output.hasSuffix("8 pins in \(config), 8 of them new\n"))
    let checked = try CommandLine().run("plugin", "lock", config, "--check")
    #expect(checked.status == 0)
    #expect(checked.output.hasSuffix("0 of 8 pins to write\n"))

    // As if the library had changed since.
    let text = try String(contentsOfFile: config, encoding: .utf8)
    let pin = try #require(text.firstMatch(of: /lopti, sha256: "([0-9a-f]{64})"/)).1
    let other = String(repeating: "0", count: 64)
    try text.replacing(pin, with: other).write(
      toFile: config, atomically: true, encoding: .utf8)
    let refused = try CommandLine().run("train", config, "--set", "output=\(folder.path)/no")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("refused: expected SHA-256 \(other), got \(pin)"))
    #expect(refused.errors.contains("pin the new digest with 'fulcrum plugin lock'"))
    let again = try CommandLine().run("plugin", "lock", config)
    #expect(again.output.contains("was 000000000000…"))
    #expect(try String(contentsOfFile: config, encoding: .utf8) == text)
  }

  @Test func `a name that is no plugin writes nothing`() throws {
    try "reward: nonesuch\n".write(toFile: config, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("plugin", "lock", config)
    #expect(result.status == 2)
    #expect(result.errors.contains("run.yaml:1: reward: no plugin 'nonesuch'"), "\(result.errors)")
    #expect(try String(contentsOfFile: config, encoding: .utf8) == "reward: nonesuch\n")
  }

  @Test func `a run that goes on with another library says so`() throws {
    let run = try FaultRun()
    let path = try run.whole("whole", "steps=2")
    let same = try CommandLine().run("resume", path)
    #expect(!same.output.contains("not the library"))
    let file = path + "/run.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let digest = try #require(
      text.firstMatch(of: /libfulcrum-lopti.so\n *sha256: ([0-9a-f]{64})/)
    ).1
    try text.replacing(digest, with: String(repeating: "a", count: 64)).write(
      toFile: file, atomically: true, encoding: .utf8)
    let resumed = try CommandLine().run("resume", path)
    #expect(
      resumed.output.contains(
        "plugin lopti is not the library that the run began with (sha256 aaaaaaaaaaaa…, now"
          + " \(digest.prefix(12))…): it may go on to other bits\n"), "\(resumed.output)")
  }

  @Test func `the reference is what the plugins say of themselves`() throws {
    let result = try CommandLine().run("plugin", "reference")
    let path =
      URL(fileURLWithPath: CommandLine.fixture("")).deletingLastPathComponent()
      .deletingLastPathComponent().path + "/Documentation/PluginReference.md"
    let page = try String(contentsOfFile: path, encoding: .utf8)
    #expect(result.output == page, "run 'make reference' and commit what it writes")
  }
}
