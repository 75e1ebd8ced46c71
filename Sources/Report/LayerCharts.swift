import Charts
import Microscope

/// Charts of how constant the paper's C_ℓ is: the gradient at each layer's activations over
/// |w| (1 − π).
struct LayerCharts {
  let record: LayerRecord
  let intervals: [String]

  init(_ record: LayerRecord, intervals: [String]) {
    self.record = record
    self.intervals = intervals.map(NumberText.interval)
  }

  private static let ratio = "‖δ_ℓ‖ / (|w| (1 − π))"
  /// The span from which on small and large are only seen together on a logarithmic axis.
  private static let widest = 20.0

  /// Names of the layers' places: the axis says "layer", so that they need only their numbers.
  private var names: [String] {
    record.names.map { $0.hasPrefix("layer ") ? String($0.dropFirst(6)) : $0 }
  }

  private var layers: Chart.Axis { .categories("layer", names) }

  private var medians: [Double] {
    record.quantiles.map { $0.count == 5 ? $0[2] : .nan }
  }

  private func axis(_ label: String, _ values: [Double]) -> Chart.Axis {
    let above = values.filter { $0.isFinite && $0 > 0 }
    guard let low = above.min(), let high = above.max(), high > Self.widest * low else {
      return .numbers(label, including: [0])
    }
    return .logarithm(label + ", logarithmic")
  }

  var charts: [Chart] {
    [constancy, byInterval, parts].compactMap(\.self) + pulls
  }

  private var constancy: Chart? {
    let boxes = zip(record.quantiles, medians).map { quantiles, median in
      median > 0 ? quantiles.map { $0 / median } : []
    }
    guard boxes.contains(where: { !$0.isEmpty }) else { return nil }
    var caption =
      "The paper takes \(Self.ratio) for a constant C_ℓ of each layer ℓ: then every box were flat at 1"
      + " (dashed). Box: 25 to 75 %, line: median, whisker: 1 to 99 % of the tokens looked at"
      + " with 1 − π ≥ \(NumberText.short(record.floor))."
    let known = zip(record.names, record.variation).filter { $0.1.isFinite }
    if let least = known.min(by: { $0.1 < $1.1 }), let most = known.max(by: { $0.1 < $1.1 }) {
      caption +=
        " Standard deviation over mean: from \(NumberText.short(least.1)) (\(least.0)) to"
        + " \(NumberText.short(most.1)) (\(most.0))."
    }
    return Chart(
      id: "layers-constancy", title: "How constant is C of each layer?", caption: caption,
      x: layers, y: axis("ratio over the layer’s median", boxes.flatMap(\.self)),
      layers: [.level(1), .boxes(boxes, series: 0)])
  }

  private var byInterval: Chart? {
    let lines = intervals.indices.map { interval in
      zip(record.byInterval, medians).enumerated().map { layer, both in
        Chart.Point(
          x: Double(layer) + 0.5,
          y: both.0.indices.contains(interval) && both.1 > 0
            ? both.0[interval] / both.1 : .nan)
      }
    }
    guard lines.joined().contains(where: { $0.y.isFinite }) else { return nil }
    let counts =
      " Tokens looked at, by interval: "
      + record.tokens.map { NumberText.short(Double($0)) }.joined(separator: ", ") + "."
    return Chart(
      id: "layers-intervals", title: "Does C depend on the probability?",
      caption:
        "The ratio’s median among the tokens of each probability interval, over the median of"
        + " all. Above 1 (dashed) an interval pulls harder on the layer than 1 − π says, below it less."
        + counts,
      x: layers,
      y: axis("the interval’s median over the layer’s", lines.flatMap { $0.map(\.y) }),
      layers: [.level(1)] + lines.enumerated().map { .line($1, series: $0) }, legend: intervals)
  }

  private var parts: Chart {
    let series = [
      ("spread of the pull that 1 − π explains", record.explained),
      ("share at the own position", record.own),
    ]
    return Chart(
      id: "layers-parts", title: "What 1 − π explains, and where the pull lies",
      caption:
        "Explained: 1 − Var(log ratio) / Var(log ‖δ_ℓ‖/|w|); at 1 the probability alone says how"
        + " hard a token pulls. Own position: the median part of ‖δ_ℓ‖² at the position that predicts"
        + " the token; the rest lies at those before it.",
      x: layers, y: .numbers("part of 1", including: [0, 1]),
      layers: series.enumerated().map { index, one in
        .line(
          one.1.enumerated().map { Chart.Point(x: Double($0) + 0.5, y: $1) }, series: index)
      }, legend: series.map(\.0))
  }

  /// Charts of the paper's Fig. 2 as measured: tokens within the range of a constant times 1 − π.
  private var pulls: [Chart] {
    let sampled = record.sampled
    return zip(sampled.layers, sampled.norm).compactMap { name, norms in
      guard let layer = record.names.firstIndex(of: name),
        record.quantiles.indices.contains(layer), record.quantiles[layer].count == 5
      else { return nil }
      let quantiles = record.quantiles[layer]
      let dots = zip(sampled.probability, norms).map { Chart.Point(x: $0, y: $1) }
      // As far as tokens were looked at: 1 − π has no logarithm at the right end.
      let end = 1 - max(record.floor, 0.001)
      let lines = [4, 2, 0].map { place in
        let points = (0...100).map { step in
          let x = end * Double(step) / 100
          return Chart.Point(x: x, y: quantiles[place] * (1 - x))
        }
        return Chart.Layer.line(points, series: 1, isFaint: place != 2)
      }
      let place = name.hasPrefix("layer ") ? "the exit of \(name)" : "the \(name)"
      return Chart(
        id: "layers-pull-" + name.replacing(" ", with: "-"), title: "Fig. 2: pull at \(place)",
        caption:
          "Each dot is a token. Bold: C (1 − π) with the layer’s median C; thin: with its 1 and"
          + " 99 % quantiles, between which the paper’s two constants would be. The nearer the dots"
          + " keep to the bold line, the better the probability alone says who pulls.",
        x: .numbers("probability of the token", including: [0, 1]),
        y: .logarithm("‖δ_ℓ‖ / |w|, logarithmic"), layers: [.dots(dots, series: 0)] + lines)
    }
  }

  var tables: [any Markup] {
    func value(_ numbers: [Double], _ layer: Int) -> String {
      numbers.indices.contains(layer) ? NumberText.short(numbers[layer]) : "–"
    }
    let rows = record.names.enumerated().map { layer, name in
      let quantiles = record.quantiles.indices.contains(layer) ? record.quantiles[layer] : []
      return [name] + [2, 0, 4].map { value(quantiles, $0) }
        + [record.variation, record.explained, record.own].map { value($0, layer) }
    }
    return PageTable.folded(
      "The same in a table",
      [
        PageTable.element(
          head: [
            "layer", "median", "1 %", "99 %", "deviation / mean", "explained", "own position",
          ],
          rows: rows, numeric: [1, 2, 3, 4, 5, 6], caption: "\(Self.ratio) by layer")
      ])
  }
}
