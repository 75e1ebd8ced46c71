import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Report
import Runs
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

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Write charts of several runs as one HTML file.",
    discussion: """
      Runs whose configurations are equal apart from the seed are one arm: its curves are means over \
      seeds, with bands from the lowest to the highest.

        fulcrum compare runs/a runs/b
      """)

  @Argument(
    help: ArgumentHelp("The run directories, two or more.", valueName: "run"),
    completion: .directory)
  var paths: [String]

  @OptionGroup var options: ReportOptions

  func run() throws {
    let places = paths.map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path
    }
    for (index, place) in places.enumerated() where places.firstIndex(of: place) != index {
      throw FulcrumError(
        .usage, "the run is named twice", at: paths[index], hint: "name each run once")
    }
    for path in paths { _ = try RunDirectory(opening: path) }
    guard paths.count > 1 else {
      throw FulcrumError(
        .usage, "expected two runs or more, got one", at: paths[0],
        hint: "'fulcrum report \(paths[0])' shows one run")
    }
    var runs: [RunRecord] = []
    for path in paths { runs.append(try RunRecord(path)) }
    Self.printTables(of: runs)
    try options.write(Page.comparison(of: runs), defaultOutput: "compare.html")
  }

  /// Prints by how much the first arm is ahead of each other one.
  static func printTables(of runs: [RunRecord]) {
    let arms = Arm.arms(of: runs)
    guard arms.count > 1 else { return }
    for measure in ArmComparison.Measure.all(of: arms) {
      guard let comparison = ArmComparison(measure, of: arms) else { continue }
      print(TextTable.text([comparison.head] + comparison.cells) + "\n")
    }
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
    let path = output ?? defaultOutput
    try SafeFiles.write(page.text, to: path)
    print("report \(path), " + Counted.text(page.charts.count, "figure"))
    guard let figures else { return }
    let written = try FigureFiles.write(page.charts, to: figures)
    let form =
      written.rasterizer.map { "as SVG and, by \($0), PNG" } ?? "as SVG; \(Rasterizer.remedy)"
    print("figures \(figures), \(written.count) \(form)")
  }
}
