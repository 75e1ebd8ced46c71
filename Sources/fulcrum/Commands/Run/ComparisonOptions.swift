import ArgumentParser
import Files
import FulcrumKernel
import JSON
import Report

/// Holds the options of how arms are compared.
struct ComparisonOptions: ParsableArguments {
  @Option(help: "The arm that the others are compared with; by default the first.")
  var reference: String?

  @Option(
    help: ArgumentHelp(
      "Compare at the most steps, tokens or seconds that all runs reached, rather than at their ends.",
      valueName: "steps|tokens|seconds"))
  var at: String?

  @Option(
    name: .customLong("measure"), parsing: .singleValue,
    help: ArgumentHelp(
      "Compare by this measure, as tables name it, rather than by all. May be given again.",
      valueName: "name"))
  var measures: [String] = []

  @Option(help: ArgumentHelp("Write the tables as Markdown, too.", valueName: "file"))
  var markdown: String?

  @Option(help: ArgumentHelp("Write the comparison as JSON, too.", valueName: "file"))
  var json: String?

  /// What is equal where the runs are compared; `nil`: they are compared at their ends.
  ///
  /// - Throws: `.usage` for another word. To be asked before hours of work.
  var kind: ComparisonPoint.Kind? {
    get throws(FulcrumError) {
      guard let at else { return nil }
      guard let kind = ComparisonPoint.Kind(rawValue: at) else {
        throw FulcrumError(.usage, "expected steps, tokens or seconds, got '\(at)'", at: "--at")
      }
      return kind
    }
  }

  /// Refuses, before hours of work, what its result could not be told by.
  ///
  /// - Parameter names: the names of all measures that there will be.
  func check(measures names: [String]) throws(FulcrumError) {
    for name in measures { try ArmMeasure.check(name, of: "--measure", among: names) }
    for file in [markdown, json] {
      if let file { try SafeFiles.requireFile(WorkingFolder.path(file)) }
    }
  }

  /// Returns where the runs are compared; `nil`: at their ends.
  func point(of runs: [RunRecord]) throws(FulcrumError) -> ComparisonPoint? {
    guard let kind = try kind, !runs.isEmpty else { return nil }
    return ComparisonPoint(kind, of: runs)
  }

  func study(of runs: [RunSummary], at point: ComparisonPoint?) throws(FulcrumError) -> ArmStudy {
    var study =
      if let reference {
        try ArmStudy(runs, reference: reference, at: point)
      } else {
        ArmStudy(runs, at: point)
      }
    try study.choose(measures)
    return study
  }

  /// Prints the tables, and writes them where they are wanted.
  ///
  /// - Parameters:
  ///   - tables: what goes with them.
  ///   - more: what goes with the data.
  func tell(
    _ study: ArmStudy, tables: [ComparisonTable] = [], more: [(String, JSONLine.Value)] = []
  ) throws(FulcrumError) {
    let all = study.tables + tables
    for table in all { print(table.text.onTerminal + "\n") }
    if let markdown {
      try SafeFiles.write(
        all.map(\.markdown).joined(separator: "\n"), to: WorkingFolder.path(markdown))
      print("tables \(markdown)")
    }
    guard let json else { return }
    var line = study.data
    for (key, value) in more { line.add(key, value) }
    try SafeFiles.write(line.text + "\n", to: WorkingFolder.path(json))
    print("data \(json)")
  }
}
