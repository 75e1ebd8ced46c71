import Charts
import Foundation
import Testing

/// Names of categories along an axis.
@Suite struct CategoryTests {
  /// The width of a letter, in a font that is not narrow.
  private static let letter = 7.2

  /// Names along x with the room that each takes.
  private func labels(_ names: [String]) throws -> [(text: String, room: ClosedRange<Double>)] {
    let drawing = try Drawing(
      Chart(
        id: "t", title: "T", x: .categories("x", names), y: .numbers("y"),
        layers: [.bars(names.map { _ in 1 }, series: 0)]))
    // Numbers along y are farther up.
    let bottom = try #require(drawing.rows.first).number("y") + 10
    return drawing.marks("tick").filter { $0.number("y") > bottom }.map { mark in
      let (x, width) = (mark.number("x"), Self.letter * Double(mark.text.count))
      let start =
        switch mark.attributes["text-anchor"] {
        case "start": x
        case "end": x - width
        default: x - width / 2
        }
      return (mark.text, start...start + width)
    }
  }

  @Test(arguments: 2...70)
  func `names never touch, and of many the first and the last are there`(count: Int) throws {
    let names = ["embedding"] + (0..<count).map { "\($0 + 1)" } + ["logits"]
    let labels = try labels(names)
    for (label, next) in zip(labels, labels.dropFirst()) {
      #expect(label.room.upperBound < next.room.lowerBound, "\(label.text) and \(next.text)")
    }
    #expect(labels.allSatisfy { $0.room.lowerBound >= 0 && $0.room.upperBound <= 400 })
    #expect(labels.first?.text == "embedding")
    #expect(labels.last?.text == "logits")
    #expect(labels.count > 3)
  }

  @Test func `few long names are cut, one each`() throws {
    let labels = try labels((1...6).map { "a long name of number \($0)" })
    #expect(labels.count == 6)
    #expect(labels.allSatisfy { $0.text.hasSuffix("…") })
    for (label, next) in zip(labels, labels.dropFirst()) {
      #expect(label.room.upperBound < next.room.lowerBound)
    }
    #expect(try self.labels([]).isEmpty)
  }
}
