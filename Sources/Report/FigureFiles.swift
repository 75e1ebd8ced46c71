import Foundation
import FulcrumKernel
import Trainer

/// Charts as files of their own.
package enum FigureFiles {
  /// Writes each chart as `ID.svg`, and as `ID.png` where `rsvg-convert` is installed.
  ///
  /// - Returns: how many charts, and whether there are PNGs.
  /// - Throws: `.inputOutput`.
  package static func write(_ charts: [Chart], to folder: String) throws(FulcrumError) -> (
    count: Int, hasPNG: Bool
  ) {
    try SafeFiles.makeFolder(folder)
    let converter = converter
    for chart in charts {
      let path = folder + "/" + chart.id
      try SafeFiles.write(text(of: chart), to: path + ".svg")
      if let converter { try convert(path, by: converter) }
    }
    return (charts.count, converter != nil)
  }

  /// An SVG document with its own style, in light colours.
  package static func text(of chart: Chart) -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + ChartDrawing(chart).element(style: Palette.standaloneRules).text + "\n"
  }

  private static var converter: String? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { $0 + "/rsvg-convert" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static func convert(_ path: String, by converter: String) throws(FulcrumError) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: converter)
    process.arguments = ["--zoom", "2", "--output", path + ".png", path + ".svg"]
    do {
      try process.run()
    } catch {
      throw FulcrumError(.inputOutput, "could not run rsvg-convert: \(error)", at: converter)
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw FulcrumError(
        .inputOutput, "rsvg-convert ended with status \(process.terminationStatus)",
        at: path + ".svg")
    }
  }
}
