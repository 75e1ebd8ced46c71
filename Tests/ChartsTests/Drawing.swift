import Charts
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A chart as it was drawn: its document's elements, in order.
final class Drawing: NSObject {
  struct Mark {
    let name: String
    let attributes: [String: String]
    var text = ""

    /// Whether its class attribute has all of some classes.
    func isOf(_ classes: String) -> Bool {
      let own = (attributes["class"] ?? "").split(separator: " ")
      return classes.split(separator: " ").allSatisfy(own.contains)
    }

    func number(_ attribute: String) -> Double { Double(attributes[attribute] ?? "") ?? .nan }

    /// The points of a line.
    var points: [(x: Double, y: Double)] {
      (attributes["points"] ?? "").split(separator: " ").map { pair in
        let both = pair.split(separator: ",").map { Double($0) ?? .nan }
        return (both[0], both[1])
      }
    }
  }

  private(set) var marks: [Mark] = []

  /// - Throws: if the document isn't well-formed.
  init(_ chart: Chart) throws {
    super.init()
    let parser = XMLParser(data: Data(chart.document.utf8))
    parser.delegate = self
    let isWhole = parser.parse()
    try #require(isWhole, "line \(parser.lineNumber): \(String(describing: parser.parserError))")
  }

  func marks(_ classes: String) -> [Mark] { marks.filter { $0.isOf(classes) } }

  /// Names and places of the ticks along x, from the left.
  var columns: [Mark] {
    marks("tick").filter { $0.attributes["text-anchor"] == "middle" }
      .sorted { $0.number("x") < $1.number("x") }
  }

  /// Names and places of the ticks along y, from the bottom to the top.
  var rows: [Mark] {
    marks("tick").filter { $0.attributes["text-anchor"] == "end" && $0.number("x") < 80 }
      .sorted { $0.number("y") > $1.number("y") }
  }
}

extension Drawing: XMLParserDelegate {
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    marks.append(Mark(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    marks[marks.count - 1].text += string
  }
}
