import Foundation

/// Holds the nine steps of each colour scale, on light and on dark paper, and the ink on each.
///
/// One scale is a blue that grows stronger, the other orange against blue: people of every colour vision
/// tell both apart. On dark paper the strongest step is the brightest.
enum HeatColors {
  private static let colors: [(kind: ColorScale.Kind, light: [String], dark: [String])] = [
    (
      .sequential,
      [
        "#f1f6fb", "#dce9f5", "#c0d9ed", "#9cc5e2", "#6fadd6", "#4596cb", "#2474b5", "#0d5496",
        "#08366d",
      ],
      [
        "#1e2731", "#1b3347", "#1a425f", "#1c547b", "#266a99", "#4a8cbd", "#74abd6", "#a2caea",
        "#d6eafa",
      ]
    ),
    (
      .diverging,
      [
        "#843a04", "#ad540a", "#dc8236", "#f6c695", "#f4f4f4", "#b4d5eb", "#64a5d4", "#2a70b0",
        "#0b3c75",
      ],
      [
        "#f9cb9b", "#e39a52", "#a95e1b", "#613a17", "#262a30", "#1b3d5c", "#2b689d", "#63a3d8",
        "#b9dcf6",
      ]
    ),
  ]
  private static let inks = ["#101418", "#ffffff"]

  /// Colours and the inks on them by variable, `q3` and `q3-ink`: on light paper, on dark paper.
  static let variables: [(String, String, String)] = colors.flatMap { scale in
    zip(scale.light, scale.dark).enumerated().flatMap { step, both in
      let name = "\(scale.kind.rawValue)\(step)"
      return [(name, both.0, both.1), (name + "-ink", ink(on: both.0), ink(on: both.1))]
    }
  }

  static var rules: String {
    ColorScale.Kind.allCases.flatMap { kind in
      (0..<ColorScale.steps).map { step in
        let name = "\(kind.rawValue)\(step)"
        return ".\(name){fill:var(--\(name))}\n.chart .on-\(name){fill:var(--\(name)-ink)}\n"
      }
    }.joined() + ".empty{fill:var(--panel)}\n.chart .number{font-size:13px}\n"
  }

  private static func ink(on color: String) -> String {
    inks.max { contrast($0, color) < contrast($1, color) } ?? inks[0]
  }

  /// Returns the contrast of two colours, from 1 to 21.
  ///
  /// - Source: Web Content Accessibility Guidelines 2.2, "contrast ratio".
  private static func contrast(_ one: String, _ other: String) -> Double {
    let (low, high) = (min(luminance(one), luminance(other)), max(luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
  }

  /// - Parameter color: `#rrggbb`.
  private static func luminance(_ color: String) -> Double {
    let value = UInt32(color.dropFirst(), radix: 16) ?? 0
    let weights = [(16, 0.2126), (8, 0.7152), (0, 0.0722)]
    return weights.reduce(0) { sum, weight in
      let channel = Double(value >> UInt32(weight.0) & 0xFF) / 255
      let light = channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4)
      return sum + weight.1 * light
    }
  }
}
