import Charts
import Foundation
import FulcrumKernel
import Report
import Testing

/// PNGs by programs that are there, and by scripts that fail as programs do.
@Suite struct RasterizerTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-figures-test-" + UUID().uuidString
  private let chart = Chart(
    id: "one", title: "<One> & \"more\"", x: .numbers("x"), y: .categories("y", ["a", "b"]),
    layers: [.bars([1, 2], series: 0)])

  private func check(_ rasterizer: Rasterizer?) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rasterizer = try #require(rasterizer)
    let other = Chart(
      id: "two", title: "Two", x: .numbers("x"), y: .numbers("y"),
      layers: [.columns([1, 3], over: 0...1, series: 0)])
    let written = try FigureFiles.write([chart, other], to: folder, by: rasterizer)
    #expect(written.count == 2)
    #expect(written.rasterizer == rasterizer.name)
    for id in ["one", "two"] {
      let svg = try String(contentsOfFile: folder + "/\(id).svg", encoding: .utf8)
      let height = try #require(svg.firstMatch(of: #/viewBox="0 0 400 (\d+)"/#)?.1)
      let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/\(id).png"))
      // Width and height, big-endian, in the first chunk.
      let sides = [16, 20].map { start in
        data[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      }
      #expect(sides == [800, 2 * (Int(height) ?? 0)])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
  }

  @Test(.enabled(if: Rasterizer.find("rsvg-convert", .rsvg) != nil))
  func `rsvg-convert makes pictures twice as large`() throws {
    try check(Rasterizer.find("rsvg-convert", .rsvg))
  }

  @Test(.enabled(if: Rasterizer.find("chromium", .chromium) != nil))
  func `Chromium makes pictures twice as large`() throws {
    try check(Rasterizer.find("chromium", .chromium))
  }

  @Test(arguments: [
    (
      Rasterizer.Kind.rsvg, "head -c 99 \"$5\" >\"$4\"; exit 3",
      "ended with status 3 when it drew one"
    ),
    (.rsvg, "echo 'no font' >&2; exit 1", "ended with status 1 when it drew one: no font"),
    (.rsvg, "head -c 99 \"$5\" >\"$4\"", "made no picture of one"),
    (.rsvg, "exec sleep 60", "drew one for more than 0.5 s, and was stopped"),
    (.chromium, "kill -9 $$", "was ended by signal 9 when it drew the figures"),
    (.chromium, "echo 'picture one aGFsZg=='", "made no picture of one"),
    (.chromium, "exec sleep 60", "drew the figures for more than 0.5 s, and was stopped"),
  ]) func `a failure is one message, and leaves no half of a picture`(
    kind: Rasterizer.Kind, script: String, message: String
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/bin", withIntermediateDirectories: true)
    let path = folder + "/bin/painter"
    try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let error = try #require(throws: FulcrumError.self) {
      try FigureFiles.write(
        [chart], to: folder + "/out", by: Rasterizer(kind, path: path, limit: 0.5))
    }
    #expect(error.code == .inputOutput)
    #expect(error.message == "painter " + message)
    #expect(error.location == path)
    #expect(
      error.hint == "the figures are there as SVG; for PNG install rsvg-convert"
        + " (Debian: librsvg2-bin) or Chromium (Debian: chromium)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/out") == ["one.svg"])
  }
}
