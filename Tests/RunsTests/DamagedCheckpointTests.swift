import Digests
import Files
import Foundation
import FulcrumKernel
import PluginHost
import PolicyTestSupport
import Runs
import Testing

/// Every way in which a checkpoint can be damaged is noticed, told and got around.
@Suite final class DamagedCheckpointTests {
  private let directory: RunDirectory
  private let files = FileManager.default

  init() throws {
    directory = try RunDirectory(
      creating: NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString)
    let policy = try BigramPolicy()
    for step in [2, 4] {
      var counters = RunCounters()
      counters.step = step
      _ = try Checkpoint.write(policy, counters: counters, in: directory, keep: 2)
    }
  }

  deinit { try? files.removeItem(atPath: directory.path) }

  private var newest: String { directory.checkpoint(step: 4) }

  private func change(_ name: String, _ edit: (inout Data) -> Void) throws {
    let url = URL(fileURLWithPath: newest + "/" + name)
    var data = try Data(contentsOf: url)
    edit(&data)
    try data.write(to: url)
  }

  /// The search falls back to step 2 and says why.
  private func expectFallback(_ reason: String) throws {
    let search = try CheckpointSearch(directory)
    #expect(search.found?.step == 2)
    var notes: [String] = []
    try search.setDamagedAside { notes.append($0) }
    #expect(
      notes == ["skipped a damaged checkpoint, now \(newest).damaged: \(reason)"])
    #expect(try directory.checkpointSteps() == [2])
    #expect(files.fileExists(atPath: newest + ".damaged"))
    // The run can write that step again.
    var counters = RunCounters()
    counters.step = 4
    _ = try Checkpoint.write(try BigramPolicy(), counters: counters, in: directory, keep: 2)
    #expect(try CheckpointSearch(directory).found?.step == 4)
  }

  @Test func `every single flipped bit of every file is noticed`() throws {
    let names = ["table", "trainer/state.json", "trainer/checksums"]
    for name in names {
      let whole = try Data(contentsOf: URL(fileURLWithPath: newest + "/" + name))
      for bit in 0..<8 * whole.count {
        try change(name) { $0[bit / 8] ^= 1 << UInt8(bit % 8) }
        #expect(throws: FulcrumError.self, "bit \(bit) of \(name)") { try Checkpoint(self.newest) }
        try whole.write(to: URL(fileURLWithPath: newest + "/" + name))
      }
    }
    #expect(try Checkpoint(newest).step == 4)
  }

  @Test func `a flipped bit makes a run fall back`() throws {
    let path = newest + "/table"
    let expected = try FileDigest.sha256(ofFile: path)
    try change("table") { $0[0] ^= 1 }
    let got = try FileDigest.sha256(ofFile: path)
    try expectFallback("\(path): expected SHA-256 \(expected.prefix(12))…, got \(got.prefix(12))…")
  }

  @Test func `every length to which a checksum file is cut is noticed`() throws {
    let path = newest + "/trainer/checksums"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 0..<whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(throws: FulcrumError.self, "\(length) bytes") { try Checkpoint(self.newest) }
    }
  }

  @Test func `a truncated file makes a run fall back`() throws {
    try change("trainer/checksums") { $0.removeLast(3) }
    try expectFallback(
      "\(newest)/trainer/checksums: expected a last line for trainer/state.json, got another end")
  }

  @Test func `a missing file makes a run fall back`() throws {
    try files.removeItem(atPath: newest + "/table")
    try expectFallback("\(newest): expected the file table, found none")
  }

  @Test func `a missing list of checksums makes a run fall back`() throws {
    try files.removeItem(atPath: newest + "/trainer/checksums")
    try expectFallback("\(newest): expected the file trainer/checksums, found none")
  }

  @Test func `missing counters make a run fall back`() throws {
    try files.removeItem(atPath: newest + "/trainer/state.json")
    try expectFallback("\(newest): expected the file trainer/state.json, found none")
  }

  @Test func `another format is told from damage`() throws {
    try Data(#"{"format": 1, "step": 4}"#.utf8).write(
      to: URL(fileURLWithPath: newest + "/trainer/state.json"))
    try files.removeItem(atPath: newest + "/trainer/checksums")
    try expectFallback("\(newest)/trainer/state.json: expected trainer format 2, got 1")
  }

  @Test func `a checkpoint under another step's name is not taken for it`() throws {
    try files.moveItem(atPath: newest, toPath: directory.checkpoint(step: 6))
    let search = try CheckpointSearch(directory)
    #expect(search.found?.step == 2)
    #expect(
      search.damaged.first?.fault.message == "expected a checkpoint of step 6, got one of step 4")
  }

  @Test func `an older name for what is damaged is kept`() throws {
    try SafeFiles.makeFolder(newest + ".damaged")
    try files.removeItem(atPath: newest + "/table")
    try CheckpointSearch(directory).setDamagedAside { _ in }
    #expect(files.fileExists(atPath: newest + ".damaged-2/trainer/state.json"))
  }

  @Test func `when none is whole the run stops and says all reasons`() throws {
    for step in [2, 4] { try files.removeItem(atPath: directory.checkpoint(step: step) + "/table") }
    let error = #expect(throws: FulcrumError.self) { try CheckpointSearch(self.directory) }
    #expect(error?.code == .checkpoint)
    #expect(
      error?.description == """
        \(directory.checkpoints): expected a checkpoint that is whole, found 2, all damaged:
          \(newest): expected the file table, found none
          \(directory.checkpoint(step: 2)): expected the file table, found none
          hint: put a copy of one back; or move the folder away: 'fulcrum resume' then begins the \
        run again
        """)
    // Nothing was touched.
    #expect(try directory.checkpointSteps() == [2, 4])
  }

  @Test func `a run without a checkpoint has none, and a reader says so`() throws {
    for step in [2, 4] { try files.removeItem(atPath: directory.checkpoint(step: step)) }
    let search = try CheckpointSearch(directory)
    #expect(search.found == nil && search.damaged.isEmpty)
    let error = #expect(throws: FulcrumError.self) { try search.required { _ in } }
    #expect(error?.message == "expected a checkpoint, found none")
  }

  @Test func `checkpoints that can't be listed are not taken for none`() throws {
    try files.removeItem(atPath: directory.checkpoints)
    try SafeFiles.write("", to: directory.checkpoints)
    let error = #expect(throws: FulcrumError.self) { try CheckpointSearch(self.directory) }
    #expect(error?.code == .inputOutput)
    #expect(error?.message == "could not list the folder: Not a directory")
  }

  @Test func `a file name that the format can't hold is refused`() throws {
    try SafeFiles.write("", to: newest + "/two\nlines")
    let error = #expect(throws: FulcrumError.self) {
      try Checksums.write(in: self.newest, last: "table")
    }
    #expect(
      error?.message
        == "expected a file name without line breaks and backslashes, got 'two\nlines'")
  }
}
