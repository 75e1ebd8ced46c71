import Charts

/// A self-contained page: a title, sections, charts; style and one small script within.
package struct Page {
  /// A part of the page with a heading, to which the page's head links.
  struct Section {
    let id: String
    let title: String
    var content: [any Markup]
  }

  package let title: String
  package let subtitle: String
  var sections: [Section] = []
  /// All charts that were placed, for export.
  package private(set) var charts: [Chart] = []

  init(title: String, subtitle: String) {
    self.title = title
    self.subtitle = subtitle
  }

  /// Adds a section of text and charts, if there are any; a chart without a number is none.
  ///
  /// - Parameters:
  ///   - content: goes before the charts.
  ///   - beside: goes with the charts, in their grid.
  ///   - after: goes after the charts.
  mutating func add(
    _ id: String, _ title: String, _ content: [any Markup] = [], charts: [Chart] = [],
    beside: [any Markup] = [], after: [any Markup] = []
  ) {
    let charts = charts.filter(\.hasMarks)
    guard !content.isEmpty || !charts.isEmpty || !after.isEmpty else { return }
    self.charts += charts
    var content = content
    if !charts.isEmpty {
      content.append(
        Element(
          "div", ["class": "charts"],
          charts.map(Self.figure) + beside.map { Element("div", ["class": "beside"], [$0]) }))
    }
    sections.append(Section(id: id, title: title, content: content + after))
  }

  private static func figure(_ chart: Chart) -> Element {
    var children: [any Markup] = [chart.element]
    if !chart.caption.isEmpty { children.append(Element("figcaption", [:], [chart.caption])) }
    return Element("figure", ["id": chart.id], children)
  }

  package var text: String {
    let links: [any Markup] = sections.map { section in
      Element("li", [:], [Element("a", ["href": "#" + section.id], [section.title])])
    }
    let body: [any Markup] = sections.map { section in
      Element(
        "section", ["id": section.id, "aria-labelledby": section.id + "-heading"],
        [Element("h2", ["id": section.id + "-heading"], [section.title])] + section.content)
    }
    let html = Element(
      "html", ["lang": "en"],
      [
        Element(
          "head", [:],
          [
            Element("meta", ["charset": "utf-8"]),
            Element(
              "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            // Nothing is fetched, whatever a run's texts say.
            Element(
              "meta",
              [
                "http-equiv": "Content-Security-Policy",
                "content": "default-src 'none'; style-src 'unsafe-inline'; script-src"
                  + " 'unsafe-inline'",
              ]),
            Element("title", [:], [title]),
            Element("style", [:], [OwnCode(PageStyle.rules)]),
          ]),
        Element(
          "body", [:],
          [
            Element(
              "header", [:],
              [
                Element("h1", [:], [title]), Element("p", ["class": "subtitle"], [subtitle]),
                Element("nav", ["aria-label": "Sections"], [Element("ul", [:], links)]),
              ]), Element("main", [:], body),
            Element("script", [:], [OwnCode(PageStyle.script)]),
          ]),
      ])
    return "<!DOCTYPE html>\n" + html.text + "\n"
  }
}

/// Makes tables of a page.
enum PageTable {
  /// Returns tables that charts show too, folded away until they are asked for.
  static func folded(_ title: String, _ tables: [any Markup]) -> [any Markup] {
    tables.isEmpty
      ? [] : [Element("details", [:], [Element("summary", [:], [title])] + tables)]
  }

  /// - Parameter numeric: columns, from 0, that hold numbers.
  static func element(
    head: [String], rows: [[String]], numeric: Set<Int> = [], caption: String = ""
  ) -> Element {
    func cell(_ name: String, _ text: String, _ column: Int) -> Element {
      var element = Element(name, [:], [text])
      if numeric.contains(column) { element.attributes.append(("class", "number")) }
      return element
    }
    var children: [any Markup] = []
    if !caption.isEmpty { children.append(Element("caption", [:], [caption])) }
    children.append(
      Element(
        "thead", [:],
        [
          Element(
            "tr", [:],
            head.enumerated().map { column, text in
              var element = cell("th", text, column)
              element.attributes.append(("scope", "col"))
              return element
            })
        ]))
    children.append(
      Element(
        "tbody", [:],
        rows.map { row in
          Element("tr", [:], row.enumerated().map { cell("td", $1, $0) })
        }))
    return Element(
      "div", ["class": "scroll", "tabindex": "0", "role": "group", "aria-label": caption],
      [Element("table", [:], children)])
  }
}
