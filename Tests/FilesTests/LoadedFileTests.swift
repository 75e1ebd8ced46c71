import Files
import Foundation
import Testing

@Suite("the file that code came from") struct LoadedFileTests {
  @Test("an address of this code leads to a file that is there")
  func own() throws {
    let path = try #require(LoadedFile.path(at: #dsohandle))
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test("an address of no code leads to none")
  func none() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
    defer { memory.deallocate() }
    #expect(LoadedFile.path(at: memory) == nil)
  }
}
