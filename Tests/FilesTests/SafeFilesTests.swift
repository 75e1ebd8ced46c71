import Files
import Foundation
import FulcrumKernel
import Testing

/// Tests files that the disk refuses; full disks need a process of their own
/// (EndToEndTests/DiskTests).
@Suite final class SafeFilesTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
  private let files = FileManager.default

  init() throws { try SafeFiles.makeFolder(folder) }

  deinit { try? files.removeItem(atPath: folder) }

  @Test func `a file in a folder's place is named with the remedy`() throws {
    try SafeFiles.write("", to: folder + "/file")
    let expected = "could not make the folder: Not a directory"
    for name in ["/file", "/file/a", "/file/a/b"] {
      let error = #expect(throws: FulcrumError.self) {
        try SafeFiles.makeFolder(self.folder + name)
      }
      #expect(error?.code == .inputOutput)
      #expect(error?.message == expected)
      #expect(error?.hint?.hasPrefix("a file lies where a folder should be") == true)
    }
    let error = #expect(throws: FulcrumError.self) {
      try SafeFiles.append("x", to: self.folder + "/file/x")
    }
    #expect(
      error?.description.hasPrefix("\(folder)/file/x: could not append to it: Not a dir") == true)
  }

  @Test func `a place that can't be written is told before there is anything to write`() throws {
    try SafeFiles.write("", to: folder + "/file")
    try SafeFiles.requireFile(folder + "/file")
    try SafeFiles.requireFile(folder + "/new")
    try SafeFiles.requireFolder(folder)
    try SafeFiles.requireFolder(folder + "/a/b/")
    #expect(!FileSystem.exists(folder + "/new") && !FileSystem.exists(folder + "/a"))
    for (path, reason) in [("", "Is a directory"), ("/none/file", "No such file or directory")] {
      let error = #expect(throws: FulcrumError.self) {
        try SafeFiles.requireFile(self.folder + path)
      }
      #expect(error?.message == "could not write it: \(reason)")
    }
    let error = #expect(throws: FulcrumError.self) {
      try SafeFiles.requireFolder(self.folder + "/file/a")
    }
    #expect(error?.message == "could not make the folder: Not a directory")
  }

  @Test func `a folder is linked with those within it, and survives the other`() throws {
    try SafeFiles.makeFolder(folder + "/a/b")
    try SafeFiles.write("x", to: folder + "/a/one")
    try SafeFiles.write("y", to: folder + "/a/b/two")
    try SafeFiles.linkFolder(folder + "/a", to: folder + "/c")
    try SafeFiles.removeFolder(folder + "/a")
    #expect(try String(contentsOfFile: folder + "/c/one", encoding: .utf8) == "x")
    #expect(try String(contentsOfFile: folder + "/c/b/two", encoding: .utf8) == "y")
    let error = #expect(throws: FulcrumError.self) {
      try SafeFiles.linkFolder(self.folder + "/none", to: self.folder + "/d")
    }
    #expect(error?.description.hasPrefix("\(folder)/none: could not copy it: ") == true)
  }

  @Test func `folders are made with those above them, and may be there`() throws {
    try SafeFiles.makeFolder(folder + "/a/b/c")
    try SafeFiles.makeFolder(folder + "/a/b/c/")
    #expect(files.fileExists(atPath: folder + "/a/b/c"))
  }

  @Test func `lines are appended in order, and a name that is a folder is an error`() throws {
    for line in ["one", "two"] { try SafeFiles.append(line, to: folder + "/log") }
    #expect(try String(contentsOfFile: folder + "/log", encoding: .utf8) == "one\ntwo\n")
    let error = #expect(throws: FulcrumError.self) { try SafeFiles.append("x", to: self.folder) }
    #expect(error?.message == "could not append to it: Is a directory")
  }

  @Test func `a failed write leaves what was there, and nothing else`() throws {
    let path = folder + "/x"
    try SafeFiles.write("before", to: path)
    // Its neighbour's name is taken by a folder that can't be removed as a file.
    try SafeFiles.makeFolder(path + ".partial/inside")
    #expect(throws: FulcrumError.self) { try SafeFiles.write("after", to: path) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
  }

  @Test func `a folder is replaced as a whole`() throws {
    let path = folder + "/x"
    for text in ["one", "two"] {
      try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
        try SafeFiles.write(text, to: aside + "/" + text)
      }
    }
    #expect(try files.contentsOfDirectory(atPath: path) == ["two"])
    #expect(try files.contentsOfDirectory(atPath: folder) == ["x"])
    #expect(throws: FulcrumError.self) {
      try SafeFiles.writeFolder(path) { (_) throws(FulcrumError) in
        throw FulcrumError(.inputOutput, "the disk is full")
      }
    }
    #expect(try files.contentsOfDirectory(atPath: path) == ["two"])
    #expect(try files.contentsOfDirectory(atPath: folder) == ["x"])
  }

  @Test func `removing a folder leaves nothing`() throws {
    try SafeFiles.makeFolder(folder + "/x/y")
    try SafeFiles.removeFolder(folder + "/x")
    try SafeFiles.removeFolder(folder + "/x")
    #expect(try files.contentsOfDirectory(atPath: folder).isEmpty)
  }
}
