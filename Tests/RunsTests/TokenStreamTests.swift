import Files
import Foundation
import FulcrumKernel
import Runs
import Testing

@Suite struct TokenStreamTests {
  /// Tokens that are bytes.
  private func stream() -> TokenStream {
    TokenStream { tokens in
      String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
    }
  }

  @Test func `a character is shown when its last byte is there`() {
    let stream = stream()
    // a, é, €, 😀 in one, two, three and four bytes.
    let shown = Array("aé€😀".utf8).map { stream.add(Int32($0)) }
    #expect(shown == ["a", "", "é", "", "", "€", "", "", "", "😀"])
    #expect(stream.end() == "")
  }

  @Test func `bytes that make no character are shown as such once that is certain`() {
    let stream = stream()
    let bytes: [Int32] = [0xFF, 0x41, 0xE2, 0xE2, 0x82]
    #expect(bytes.map(stream.add) == ["", "\u{FFFD}A", "", "\u{FFFD}", ""])
    #expect(stream.end() == "\u{FFFD}")
  }

  @Test func `the parts make the whole text`() {
    let stream = stream()
    var random = CounterRandom(seed: 5, purpose: "test").stream(0)
    let bytes = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let parts = bytes.map { stream.add(Int32($0)) } + [stream.end()]
    #expect(parts.joined() == String(decoding: bytes, as: UTF8.self))
  }

  @Test func `a folder that can't be filled leaves nothing, also beside it`() throws {
    let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: FulcrumError.self) {
      try SafeFiles.writeFolder(folder + "/made") { (aside) throws(FulcrumError) in
        try SafeFiles.write("half", to: aside + "/file")
        throw FulcrumError(.data, "no more")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    #expect(throws: FulcrumError.self) {
      try SafeFiles.writeFile(folder + "/file") { (aside) throws(FulcrumError) in
        try SafeFiles.write("half", to: aside)
        throw FulcrumError(.data, "no more")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }
}
