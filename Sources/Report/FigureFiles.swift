import Charts
import Files
import FulcrumKernel

/// Writes charts to files of their own.
package enum FigureFiles {
  /// Writes each chart as `ID.svg`, and as `ID.png` where there is a program that can.
  ///
  /// - Returns: the number of charts, and the name of the program that made PNGs; `nil`: none is there.
  /// - Throws: `.inputOutput`; a file that isn't whole is never left.
  package static func write(
    _ charts: [Chart], to folder: String, by rasterizer: Rasterizer? = .installed
  ) throws(FulcrumError) -> (count: Int, rasterizer: String?) {
    try SafeFiles.makeFolder(folder)
    for chart in charts { try SafeFiles.write(chart.document, to: folder + "/\(chart.id).svg") }
    try rasterizer?.write(charts, to: folder)
    return (charts.count, rasterizer?.name)
  }
}
