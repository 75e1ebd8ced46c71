import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Report
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a run's charts and completions as one HTML file.",
    discussion: """
      The file needs no network. Documentation/Report.md says what is in it.

        fulcrum report runs/a
        fulcrum report runs/a --output a.html --figures figures
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"), completion: .directory)
  var path: String

  @OptionGroup var options: ReportOptions

  func run() throws {
    let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    try options.write(
      try Page.report(of: try RunRecord(path)), defaultOutput: folder + "/report.html")
  }
}

/// Holds the options of a report's output, and of its figures.
struct ReportOptions: ParsableArguments {
  @Option(help: "The HTML file; by default RUN/report.html, of a comparison compare.html.")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A folder for each figure as SVG, and as PNG where rsvg-convert or Chromium is installed.",
      valueName: "folder"), completion: .directory)
  var figures: String?

  func write(_ page: Page, defaultOutput: String) throws {
    try Self.write(page, to: output ?? defaultOutput, figures: figures)
  }

  /// Writes a page and, where they are wanted, its figures.
  static func write(_ page: Page, to path: String, figures: String?) throws {
    try SafeFiles.write(page.text, to: path)
    print("report \(path), " + Counted.text(page.charts.count, "figure"))
    guard let figures else { return }
    let written = try FigureFiles.write(page.charts, to: figures)
    let form =
      written.rasterizer.map { "as SVG and, by \($0), PNG" } ?? "as SVG; \(Rasterizer.remedy)"
    print("figures \(figures), \(written.count) \(form)")
  }
}
