import Charts
import JSON
import Training

extension ArmStudy {
  /// The comparison as one JSON object: for each measure each arm's values by seed, its mean and, against
  /// the reference, the difference, with intervals. A number that there isn't is null.
  package var data: JSONLine {
    let measures = measures.map { measure -> JSONLine.Value in
      let rows = comparisons(by: measure).map { JSONLine.Value.object(Self.data($0)) }
      return .object(
        JSONLine([
          ("name", .text(measure.name)), ("title", .text(measure.title)), ("arms", .list(rows)),
        ]))
    }
    return JSONLine([
      ("compared", .text(words)), ("at", point.map { .text($0.kind.rawValue) } ?? .number(.nan)),
      ("reference", .text(arms[reference].name)),
      (
        "arms",
        .list(
          arms.map { arm in
            .object(
              JSONLine([
                ("arm", .text(arm.name)),
                ("runs", .list(arm.runs.map { .text($0.run) })),
              ]))
          })
      ),
      ("measures", .list(measures)),
    ])
  }

  private static func data(_ row: Comparison) -> JSONLine {
    var line = JSONLine([("arm", .text(row.arm))])
    line.add(
      "values",
      .list(
        row.values.map { run in
          .object(
            JSONLine([
              ("seed", Int(run.seed).map { .number(Double($0)) } ?? .number(.nan)),
              ("value", .number(run.value)),
            ]))
        }))
    line.add("mean", .object(data(row.mean)))
    guard let paired = row.paired else { return line }
    line.add("difference", paired.difference.map { .object(data($0)) } ?? .number(.nan))
    line.add("wins", .number(Double(paired.wins)))
    line.add("ahead", .number(paired.ahead))
    line.add("ahead_low", .number(paired.aheadInterval?.lowerBound ?? .nan))
    line.add("ahead_high", .number(paired.aheadInterval?.upperBound ?? .nan))
    line.add("p", .number(paired.p ?? .nan))
    line.add("p_holm", .number(row.p ?? .nan))
    return line
  }

  private static func data(_ mean: SeedMean) -> JSONLine {
    JSONLine([
      ("mean", .number(mean.mean)), ("low", .number(mean.interval?.lowerBound ?? .nan)),
      ("high", .number(mean.interval?.upperBound ?? .nan)),
      ("seeds", .number(Double(mean.count))),
    ])
  }
}

extension ArmStudy {
  /// A figure for each measure: how far each arm is from the reference, with intervals.
  var charts: [Chart] {
    guard arms.count > 1 else { return [] }
    return comparedMeasures.compactMap { measure in
      let rows = comparisons(by: measure).filter { $0.paired?.difference != nil }
      guard !rows.isEmpty else { return nil }
      let scale = measure.isShare ? 100.0 : 1
      let intervals = rows.map { row -> Chart.Interval? in
        row.paired?.difference.map { difference in
          Chart.Interval(
            value: scale * difference.mean, low: scale * (difference.interval?.lowerBound ?? .nan),
            high: scale * (difference.interval?.upperBound ?? .nan))
        }
      }
      let name = arms[reference].name
      return Chart(
        id: "difference-" + Self.slug(measure.name),
        title: "Difference from \(name): \(measure.name)",
        caption:
          "Each arm minus \(name) on the same seeds: mean and 95 % interval (\(measure.title))."
          + " An interval across the dashed line leaves it open which is ahead.",
        x: .numbers(measure.isShare ? "percentage points" : measure.name, including: [0]),
        y: .categories("arm", rows.map(\.arm)),
        layers: [.intervals(intervals, series: 0), .upright(0, name)])
    }
  }

  /// Returns a file's name: letters, digits and hyphens.
  private static func slug(_ name: String) -> String {
    String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
  }
}
