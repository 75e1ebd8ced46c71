import Charts
import FulcrumKernel

/// Writes the page of all methods: Documentation/Methods.md.
package struct MethodPage {
  private let methods: [Method]
  /// The folder of the figures, as the page names it; `nil`: there are none.
  private let figures: String?

  package init(_ methods: [Method], figures: String?) {
    (self.methods, self.figures) = (methods, figures)
  }

  /// The width of two charts on the page; what is drawn is a fifth larger.
  private static let width = 392
  /// Keeps the figures' column as wide: a table's reader gives it no more room than its words need.
  private static let spacer = String(repeating: "&nbsp;", count: 76)

  /// The page, with a line break at its end.
  package var text: String {
    ([MethodPageWords.introduction, "", head] + rows + ["", MethodPageWords.missing])
      .joined(separator: "\n") + "\n"
  }

  private var head: String {
    """
    | method | w, or what becomes of A | reads | whom it favours | figure\(figures == nil ? "" : Self.spacer) |
    | --- | --- | --- | --- | --- |
    """
  }

  private var rows: [String] {
    methods.map { method in
      let cells = [
        Self.cell(of: method), Self.code(method.formula), Self.reads(method),
        Self.escaped(method.verdict),
        figure(method),
      ]
      return "| " + cells.joined(separator: " | ") + " |"
    }
  }

  /// The name, the kind and the paper.
  private static func cell(of method: Method) -> String {
    let origin = method.plugin == method.name ? "" : " of `\(escaped(method.plugin))`"
    let given = method.given
    return "**\(escaped(method.shownName))** (\(method.kindWord)\(origin))"
      + (given.isEmpty ? "" : "<br>with \(escaped(given))")
      + "<br>" + linked(escaped(method.source))
  }

  private static func reads(_ method: Method) -> String {
    method.reads.isEmpty ? "–" : escaped(method.reads.joined(separator: ", "))
  }

  private func figure(_ method: Method) -> String {
    guard let figures, let drawn = MethodFigure(method) else { return "–" }
    let width = drawn.charts.count > 1 ? Self.width : Self.width * 240 / 492
    return "<img src=\"\(Self.attribute(figures))/\(method.id).svg\" width=\"\(width)\""
      + " alt=\"\(Self.attribute(method.shownName))\">"
  }

  /// A formula in a table's cell: a code span, in which a bar must be escaped, and no back-tick can be.
  private static func code(_ text: String) -> String {
    text.isEmpty
      ? "–" : "`" + text.inOneLine.replacing("`", with: "'").replacing("|", with: "\\|") + "`"
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "|", "*", "_", "`", "[", "]", "\\": result += "\\" + String(character)
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case _ where character.isNewline: result += " "
      default: result.append(character)
      }
    }
    return result
  }

  /// A text between the quotes of an attribute, in a table's cell.
  static func attribute(_ text: String) -> String {
    var result = ""
    for character in text.inOneLine {
      switch character {
      case "<", ">", "&", "\"", "'", "|", "`":
        result += "&#\(character.asciiValue ?? 0);"
      default: result.append(character)
      }
    }
    return result
  }

  /// Turns the numbers of arXiv into links.
  static func linked(_ text: String) -> String {
    text.replacing(#/(arXiv[: ]\s*)?\b(\d{4}\.\d{5})\b/#) { match in
      "[\(match.1 ?? "")\(match.2)](https://arxiv.org/abs/\(match.2))"
    }
  }
}
