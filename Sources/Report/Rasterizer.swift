import Charts
import Files
import Foundation
import FulcrumKernel

/// A program that makes PNGs of SVGs, twice as large, on white.
package struct Rasterizer {
  package enum Kind {
    /// librsvg's converter: a process for each chart.
    case rsvg
    /// A browser without a window: one process for all charts.
    case chromium
  }

  let kind: Kind
  /// The program's path.
  let path: String
  /// The longest time to its next picture, in seconds.
  let limit: Double

  package init(_ kind: Kind, path: String, limit: Double = 60) {
    (self.kind, self.path, self.limit) = (kind, path, limit)
  }

  package var name: String { URL(fileURLWithPath: path).lastPathComponent }

  private static let known: [(name: String, kind: Kind)] = [
    ("rsvg-convert", .rsvg), ("chromium", .chromium), ("chromium-browser", .chromium),
    ("google-chrome", .chromium),
  ]

  /// Says how to get one.
  package static let remedy =
    "for PNG install rsvg-convert (Debian: librsvg2-bin) or Chromium (Debian: chromium)"

  /// The first program that is in `PATH`, rsvg-convert before a browser.
  package static var installed: Rasterizer? {
    known.lazy.compactMap { find($0.name, $0.kind) }.first
  }

  package static func find(_ name: String, _ kind: Kind) -> Rasterizer? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }.map { Rasterizer(kind, path: $0) }
  }

  /// Writes each chart, whose SVG is in the folder, as `ID.png`.
  func write(_ charts: [Chart], to folder: String) throws(FulcrumError) {
    switch kind {
    case .rsvg:
      for chart in charts {
        let path = folder + "/" + chart.id
        try SafeFiles.writeFile(path + ".png") { (aside) throws(FulcrumError) in
          try run(["--zoom", "2", "--output", aside, path + ".svg"], for: chart.id)
          guard let data = FileManager.default.contents(atPath: aside), Self.isPNG(data) else {
            throw fault("made no picture of \(chart.id)")
          }
        }
      }
    case .chromium:
      let pictures = try BrowserPictures(charts).take(by: self)
      for (chart, data) in zip(charts, pictures) {
        try SafeFiles.write(data, to: folder + "/\(chart.id).png")
      }
    }
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - subject: the name of its picture, for the error.
  ///   - line: called for each line of its standard output.
  /// - Throws: `.inputOutput` if it fails, or says nothing for longer than it may.
  func run(_ arguments: [String], for subject: String, line: ([UInt8]) -> Void = { _ in })
    throws(FulcrumError)
  {
    let child = ChildProcess(executable: path, arguments: arguments, silence: limit)
    let (end, errors) = try child.run(line: line)
    switch end {
    case .exited(0): return
    case .exited(let status):
      let last = errors.split(separator: "\n").last.map { ": \($0)" } ?? ""
      throw fault("ended with status \(status) when it drew \(subject)\(last)")
    case .killedBySignal(let signal):
      throw fault("was ended by signal \(signal) when it drew \(subject)")
    case .timedOut:
      throw fault("drew \(subject) for more than \(NumberText.short(limit)) s, and was stopped")
    }
  }

  func fault(_ what: String) -> FulcrumError {
    FulcrumError(
      .inputOutput, "\(name) \(what)", at: path,
      hint: "the figures are there as SVG; " + Self.remedy)
  }

  static func isPNG(_ data: Data) -> Bool {
    data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
      && data.suffix(8).starts(with: Data("IEND".utf8))
  }
}
