import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads a page as XML, which it must be too, and counts what is in it.
final class PageReader: NSObject {
  private(set) var elements: [String: Int] = [:]
  private(set) var ids: [String] = []
  private(set) var links: [String] = []
  private(set) var titles: [String] = []
  private(set) var text = ""
  /// Rows of all tables, in order, as texts of their cells.
  private(set) var rows: [[String]] = []
  private var cell: String?

  static func read(_ html: String) throws -> PageReader {
    let reader = PageReader()
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    parser.delegate = reader
    let isWhole = parser.parse()
    try #require(isWhole, "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    return reader
  }

  /// Rows whose first cell has a text.
  func rows(_ first: String) -> [[String]] { rows.filter { $0.first == first } }
}

extension PageReader: XMLParserDelegate {
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    elements[name, default: 0] += 1
    if let id = attributes["id"] { ids.append(id) }
    if let link = attributes["href"] { links.append(link) }
    if let title = attributes["title"] { titles.append(title) }
    if name == "tr" { rows.append([]) }
    if name == "td" || name == "th" { cell = "" }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard name == "td" || name == "th", let text = cell, !rows.isEmpty else { return }
    rows[rows.count - 1].append(text)
    cell = nil
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    text += string
    cell?.append(string)
  }
}
