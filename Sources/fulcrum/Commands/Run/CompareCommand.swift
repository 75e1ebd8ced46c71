import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Report
import Runs

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare several runs, arm by arm, in tables and one HTML file.",
    discussion: """
      Runs whose configurations are equal apart from the seed are one arm: its numbers are means over \
      seeds, with intervals, and it is compared with the reference on the same seeds. A file of lines that \
      'fulcrum arms' or --runs-to wrote stands for the runs that it tells of; of these there are no curves.

        fulcrum compare runs/a runs/b
        fulcrum compare study/*-seed-* --reference GRPO --at tokens --markdown table.md
        fulcrum compare study/runs.jsonl --reference GRPO
      """)

  @Argument(
    help: ArgumentHelp("The run directories, two or more, or files of runs.", valueName: "run"),
    completion: .directory)
  var paths: [String]

  @Option(
    name: .customLong("runs-to"),
    help: ArgumentHelp("Write each run's numbers to a file, a line a run.", valueName: "file"))
  var linesFile: String?

  @OptionGroup var comparison: ComparisonOptions
  @OptionGroup var options: ReportOptions

  func run() throws {
    let places = paths.map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path
    }
    for (index, place) in places.enumerated() where places.firstIndex(of: place) != index {
      throw FulcrumError(
        .usage, "the run is named twice", at: paths[index], hint: "name each run once")
    }
    let folders = paths.filter { !Self.isFile($0) }
    for path in folders { _ = try RunDirectory(opening: path) }
    guard paths.count > 1 || folders.isEmpty else {
      throw FulcrumError(
        .usage, "expected two runs or more, got one", at: paths[0],
        hint: "'fulcrum report \(paths[0])' shows one run")
    }
    var records: [RunRecord] = []
    for path in folders { records.append(try RunRecord(path)) }
    let point = try comparison.point(of: records)
    if try comparison.kind != nil, let file = paths.first(where: Self.isFile) {
      throw FulcrumError(
        .usage, "expected folders of runs beside --at, got a file that has their ends alone",
        at: file, hint: "name the runs' folders")
    }
    var runs: [RunSummary] = []
    var made = RunSummary.summaries(of: records, reference: comparison.reference, at: point)[...]
    for path in paths {
      if Self.isFile(path) {
        runs += try RunSummary.read(path)
      } else if let run = made.popFirst() {
        runs.append(run)
      }
    }
    runs = try runs.distinct()
    let study = try comparison.study(of: runs, at: point)
    try comparison.tell(study)
    if let linesFile { try RunSummary.write(runs, to: linesFile) }
    try options.write(Page.comparison(of: records, study), defaultOutput: "compare.html")
  }

  private static func isFile(_ path: String) -> Bool {
    path.hasSuffix(".jsonl") && FileSystem.names(inFolder: path) == nil
  }
}
