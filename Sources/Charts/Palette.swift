/// Holds the colours of Okabe and Ito, which people of every colour vision tell apart, for light and dark
/// paper; and those of heat maps.
package enum Palette {
  /// Colours by variable: on light paper, on dark paper.
  private static let variables: [(String, String, String)] =
    [
      ("paper", "#ffffff", "#15181c"), ("panel", "#f5f6f8", "#1e2228"),
      ("ink", "#1a1d21", "#e8eaed"), ("dim", "#5a626c", "#a2abb6"),
      ("rule", "#dfe3e8", "#363d46"), ("focus", "#0072b2", "#56b4e9"),
      ("s0", "#0072b2", "#56b4e9"), ("s1", "#d55e00", "#e8743b"), ("s2", "#009e73", "#2fc59c"),
      ("s3", "#b8568f", "#dd9bc2"), ("s4", "#a87400", "#f0b429"), ("s5", "#3d434a", "#c3cad2"),
    ] + HeatColors.variables

  package static let count = 6

  /// Returns the classes of a series: beyond the last colour they begin anew, dashed or pale.
  static func series(_ index: Int) -> String {
    "s\(index % count)" + (index >= count ? " again" : "")
  }

  /// Rules that give the variables for light, dark and printed paper.
  package static var rules: String {
    func block(_ value: KeyPath<(String, String, String), String>) -> String {
      variables.map { "--\($0.0):\($0[keyPath: value])" }.joined(separator: ";")
    }
    return """
      :root{color-scheme:light dark;\(block(\.1))}
      @media screen and (prefers-color-scheme:dark){:root{\(block(\.2))}}

      """
  }

  /// Rules for the marks of a chart, with variables.
  package static var chartRules: String {
    let series = (0..<count).map { index in
      """
      .line.s\(index){stroke:var(--s\(index))}
      .bar.s\(index),.dot.s\(index),.band.s\(index){fill:var(--s\(index))}
      .box.s\(index),.dots.s\(index){stroke:var(--s\(index))}

      """
    }
    return """
      .chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
      .chart text{fill:var(--ink);font-size:12px}
      .chart .heading{font-size:14px;font-weight:600}
      .chart .axis,.chart .tick{fill:var(--dim)}
      .rule{stroke:var(--rule);stroke-width:1}
      .zero{stroke:var(--dim)}
      .level{stroke:var(--dim);stroke-width:1;stroke-dasharray:4 3}
      .line{fill:none;stroke-width:2;stroke-linejoin:round}
      .line.again{stroke-dasharray:5 3}
      .bar.again,.dot.again{opacity:.55}
      .faint{stroke-width:1;opacity:.5}
      .halo{stroke:var(--paper);stroke-width:3.5}
      .whisker{stroke:var(--ink);stroke-width:1.5}
      .band{opacity:.2}
      .dots{fill:none;stroke-width:3.5;stroke-linecap:round;opacity:.45}
      .box{fill:var(--paper);stroke-width:2}
      .paper{fill:var(--paper)}

      """ + series.joined() + HeatColors.rules
  }

  /// The rules of lines and bands alone, in light colours and for who prefers them in dark ones, written
  /// out: a small picture in a file of its own.
  static var adaptiveRules: String {
    let names = ["paper", "ink", "rule", "dim"] + (0..<count).map { "s\($0)" }
    func colors(_ value: KeyPath<(String, String, String), String>) -> String {
      let of = Dictionary(uniqueKeysWithValues: variables.map { ($0.0, $0[keyPath: value]) })
      return names.map { name in
        let color = of[name] ?? ""
        return switch name {
        case "paper": ".paper{fill:\(color)}"
        case "ink": ".chart text{fill:\(color)}"
        case "dim": ".chart .axis,.chart .tick{fill:\(color)}.zero,.level{stroke:\(color)}"
        case "rule": ".rule{stroke:\(color)}"
        default: ".line.\(name){stroke:\(color)}.band.\(name){fill:\(color)}"
        }
      }.joined()
    }
    return """
      .chart{font:12px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
      .chart .heading{font-weight:600}
      .line{fill:none;stroke-width:2;stroke-linejoin:round}
      .faint{stroke-width:1;opacity:.5}
      .band{opacity:.2}
      .level{stroke-dasharray:4 3}
      .again{stroke-dasharray:5 3}
      \(colors(\.1))
      @media(prefers-color-scheme:dark){\(colors(\.2))}
      """
  }

  /// The marks' rules with the light colours written out, for a picture in a file of its own.
  static var standaloneRules: String {
    variables.reduce(chartRules) { $0.replacing("var(--\($1.0))", with: $1.1) }
  }
}
