import Charts
import Foundation
import Testing

/// Heat maps' steps of colour, and the inks on them.
@Suite struct HeatTests {
  private static let steps = 9

  /// The class of the colour of each number.
  private func classes(_ kind: ColorScale.Kind, _ values: [Double], of all: [Double]) throws
    -> [String]
  {
    let cells = try Drawing(
      Chart(
        id: "t", title: "T", x: .categories("x", values.map { "\($0)" }),
        y: .categories("y", ["row"]),
        layers: [.cells([values], ColorScale(kind, "unit", covering: all))])
    ).marks("cell")
    return cells.map { $0.attributes["class"]?.replacing("cell ", with: "") ?? "" }
  }

  @Test func `steps go from 0 up, or from below 0 to above it`() throws {
    #expect(
      try classes(.sequential, [0, 0.9, 1.1, 8.9, 9, .nan], of: [1, 9, .nan])
        == ["q0", "q0", "q1", "q8", "q8", "empty"])
    #expect(
      try classes(.diverging, [-9, -0.9, 0, 0.9, 9, .infinity], of: [-9, 2])
        == ["d0", "d4", "d4", "d4", "d8", "empty"])
    #expect(try classes(.diverging, [0], of: [0, 0]) == ["d4"])
    #expect(try classes(.sequential, [0], of: []) == ["q0"])
  }

  /// The contrast ratio of two colours by WCAG 2.2, from 1 to 21.
  private func contrast(_ one: String, _ other: String) -> Double {
    func luminance(_ color: String) -> Double {
      let value = UInt32(color.dropFirst(), radix: 16) ?? 0
      let shifts: [UInt32] = [16, 8, 0]
      let channels: [Double] = shifts.map { shift in
        let channel = Double((value >> shift) & 0xFF) / 255
        return channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    let both = [luminance(one), luminance(other)].sorted()
    return (both[1] + 0.05) / (both[0] + 0.05)
  }

  @Test func `every number can be read on its colour, on light and on dark paper`() throws {
    // A grey just too light for texts on white.
    #expect(abs(contrast("#ffffff", "#777777") - 4.48) < 0.005)
    // The first rules are for light paper, those of the media rule for dark paper.
    let papers = Palette.rules.split(separator: "@media")
    try #require(papers.count == 2)
    for (paper, name) in zip(papers, ["light", "dark"]) {
      let colors = Dictionary(
        paper.matches(of: /--([a-z0-9-]+):(#[0-9a-f]{6})/).map { (String($0.1), String($0.2)) }
      ) { first, _ in first }
      for kind in ColorScale.Kind.allCases {
        for step in 0..<Self.steps {
          let variable = "\(kind.rawValue)\(step)"
          let (color, ink) = (colors[variable], colors[variable + "-ink"])
          #expect(
            try contrast(#require(color), #require(ink)) >= 4.5, "\(variable) on \(name) paper")
        }
      }
    }
  }
}
