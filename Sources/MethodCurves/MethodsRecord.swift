import Foundation
import FulcrumKernel
import JSON

/// Writes what was found of methods as numbers: `methods.json`.
package enum MethodsRecord {
  /// A JSON array with an object a method, a line each.
  package static func text(of methods: [Method]) -> String {
    "[\n" + methods.map { "  " + object($0).text }.joined(separator: ",\n") + "\n]\n"
  }

  private static func object(_ method: Method) -> JSONLine {
    var line = JSONLine([
      ("kind", .text(method.kind.rawValue)), ("name", .text(method.name)),
      ("plugin", .text(method.plugin)), ("version", .text(method.version)),
      ("source", .text(method.source)), ("formula", .text(method.formula)),
      ("given", .text(method.given)), ("reads", .list(method.reads.map { .text($0) })),
    ])
    switch method.outcome {
    case .incomplete(let sentence): line.add("incomplete", .text(sentence))
    case .failed(let failure): line.add("error", .text(failure.error.description))
    case .curves(let portrait): add(portrait, to: &line)
    }
    return line
  }

  private static func add(_ portrait: MethodPortrait, to line: inout JSONLine) {
    line.add("measure", .text(portrait.measure.rawValue))
    guard portrait.phases.isEmpty else {
      line.add(
        "phases",
        .list(
          portrait.phases.map { phase in
            .object(
              JSONLine([
                ("name", .text(phase.name)), ("probability", list(phase.share, \.x)),
                ("share", list(phase.share, \.mean)),
              ]))
          }))
      return
    }
    let favour = Favour(portrait)
    line.add(
      "favours",
      .object(
        JSONLine([("positive", side(favour.positive)), ("negative", side(favour.negative))])))
    line.add("probability", list(portrait.onPolicy.positive, \.x))
    line.add("onPolicy", signed(portrait.onPolicy))
    for further in portrait.furtherOnPolicy {
      line.add("onPolicy, \(further.name)", signed(further.curves))
    }
    guard let byRatio = portrait.byRatio else { return }
    line.add("ratio", list(byRatio.positive, \.x))
    line.add("byRatio", signed(byRatio))
    for further in portrait.furtherByRatio {
      line.add("byRatio, \(further.name)", signed(further.curves))
    }
  }

  private static func side(_ side: Favour.Side) -> JSONLine.Value {
    var line = JSONLine([
      ("unlikely", factor(side.unlikely)), ("between", factor(side.between)),
      ("likely", factor(side.likely)),
    ])
    if let beyond = side.beyond { line.add("beyond", factor(beyond)) }
    if let behind = side.behind { line.add("behind", factor(behind)) }
    return .object(line)
  }

  /// Below 0 where the whole range has the other sign than A.
  private static func factor(_ factor: Favour.Factor) -> JSONLine.Value {
    number(factor.turn == .wholly ? -factor.size : factor.size)
  }

  private static func signed(_ curves: SignedCurves) -> JSONLine.Value {
    .object(
      JSONLine([("positive", curve(curves.positive)), ("negative", curve(curves.negative))]))
  }

  /// The ends of the range are left out where there is none.
  private static func curve(_ curve: WeightCurve) -> JSONLine.Value {
    var line = JSONLine([("mean", list(curve, \.mean))])
    if curve.points.contains(where: { $0.low != $0.high }) {
      line.add("low", list(curve, \.low))
      line.add("high", list(curve, \.high))
    }
    return .object(line)
  }

  private static func list(
    _ curve: WeightCurve, _ value: KeyPath<WeightCurve.Point, Double>
  ) -> JSONLine.Value {
    .list(curve.points.map { number($0[keyPath: value]) })
  }

  /// Six digits: weights are computed in `Float`.
  private static func number(_ value: Double) -> JSONLine.Value {
    .number(JSONLine.rounded(value, digits: 6))
  }
}
