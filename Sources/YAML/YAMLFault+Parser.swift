import Yams

/// Turns the parser's errors into faults.
extension YAMLFault {
  init(_ error: YamlError, in text: String) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let place = Place(text, mark: mark, began: context?.mark.line)
      self = place.tab ?? place.fault(of: problem)
    case .duplicatedKeysInMapping(let names, let context):
      self = Self.duplicate(names[0], in: text, first: context.mark)
    default:
      self.init(
        nil, "expected YAML, got what can't be read as it",
        hint: "check quotes, brackets and indentation")
    }
  }

  /// Returns the fault of a key that stands twice in a section.
  private static func duplicate(_ name: String, in text: String, first: Mark) -> YAMLFault {
    let hint = "remove one of the two"
    let second = lines(of: text).enumerated().first { index, line in
      guard index + 1 > first.line else { return false }
      let key = line.drop { $0 == " " || $0 == "-" }
      return line.count - key.count == first.column - 1
        && [name, "\"\(name)\"", "'\(name)'"].contains { key.starts(with: $0.unicodeScalars) }
    }
    guard let second else {
      return YAMLFault(first.line, "the key '\(name)' stands twice in one section", hint: hint)
    }
    return YAMLFault(
      second.offset + 1, "the key '\(name)' stands twice, first in line \(first.line)", hint: hint)
  }

  /// Returns the lines without their ends. A character of Swift may hold both ends of a line at once,
  /// hence scalars.
  private static func lines(of text: String) -> [Substring.UnicodeScalarView] {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.last == "\r" ? $0.dropLast() : $0
    }
  }

  /// The place where the parser gave up.
  private struct Place {
    private let lines: [Substring.UnicodeScalarView]
    private let line: Int
    private let column: Int
    /// The line where what it was reading began.
    private let began: Int

    init(_ text: String, mark: Mark, began: Int?) {
      lines = YAMLFault.lines(of: text)
      line = mark.line
      column = mark.column
      self.began = began ?? mark.line
    }

    /// The fault of a tab among the spaces before a line's text, the usual reason for any error.
    var tab: YAMLFault? {
      guard began <= line else { return nil }
      let found = (began...line).first { number in
        lines.indices.contains(number - 1)
          && lines[number - 1].prefix { $0 == " " || $0 == "\t" }.contains("\t")
      }
      return found.map {
        YAMLFault($0, "expected spaces before the text, got a tab", hint: "indent with spaces")
      }
    }

    private var before: String {
      guard lines.indices.contains(line - 1) else { return "" }
      return String(String.UnicodeScalarView(lines[line - 1].prefix(column - 1)))
    }

    private var character: String {
      guard lines.indices.contains(line - 1) else { return "" }
      return lines[line - 1].dropFirst(column - 1).first.map(String.init) ?? ""
    }

    func fault(of problem: String) -> YAMLFault {
      switch problem {
      case "but found another document":
        YAMLFault(
          line, "expected one document, got a second one after '---'",
          hint: "put it into a file of its own")
      case "mapping values are not allowed in this context":
        before.contains(": ")
          ? YAMLFault(
            line, "expected one key and its value, got a second ':'",
            hint: "put a text with ':' in quotes, and each key on a line of its own")
          : indentation("got one further right")
      case "did not find expected key": indentation("got another indentation")
      case "did not find expected <document start>": indentation("got one further left")
      case "did not find expected '-' indicator":
        YAMLFault(
          line, "expected an element '- …' of the list that begins in line \(began)",
          hint: "let all '- ' of a list begin in one column, and the key after it further left")
      case "block sequence entries are not allowed in this context":
        YAMLFault(
          line, "expected a value, got a list's '- ' in the same line",
          hint: "begin the list in a line of its own, or write [a, b]")
      case "did not find expected ',' or ']'": open("[", close: "]", "list")
      case "did not find expected ',' or '}'": open("{", close: "}", "section")
      case "could not find expected ':'":
        YAMLFault(
          began, "expected 'key: value', got a line without ': '",
          hint: "write a ':' and a space after the key")
      case "found unexpected end of stream", "found unexpected document indicator":
        YAMLFault(
          began, "expected a quote at the end of the text that begins here, got none",
          hint: "close the quote")
      case "found unknown escape character":
        YAMLFault(
          line, "expected an escape such as \\n or \\\" after the backslash, got another",
          hint: "write \\\\ for a backslash, or single quotes around the text")
      case "found character that cannot start any token",
        "did not find expected alphabetic or numeric character", "found undefined alias",
        "found undefined tag handle":
        YAMLFault(
          line, "expected a value, got one that begins with '\(began(at: problem))'",
          hint: "put a text that begins so in quotes")
      default:
        YAMLFault(
          line, "expected YAML, got something else at column \(column)",
          hint: "check quotes, brackets and indentation of this line and the one before")
      }
    }

    /// The fault of the line before, where its key and value have no ': ' between them.
    private var missingColon: YAMLFault? {
      for number in (0..<min(line - 1, lines.count)).reversed() {
        let text = String(String.UnicodeScalarView(lines[number].drop { $0 == " " }))
        guard !text.isEmpty, !text.hasPrefix("#") else { continue }
        guard !text.contains(": "), !text.hasSuffix(":"), let missing = MissingColon(text) else {
          return nil
        }
        return YAMLFault(
          number + 1, "expected 'key: value', got '\(missing.text)'", hint: missing.remedy)
      }
      return nil
    }

    private func indentation(_ got: String) -> YAMLFault {
      missingColon
        ?? YAMLFault(
          line, "expected a key below the one before it, \(got)",
          hint: "let all keys of a section begin in one column")
    }

    private func open(_ bracket: String, close: String, _ what: String) -> YAMLFault {
      YAMLFault(
        began,
        "expected ',' or '\(close)' in the \(what) that begins with '\(bracket)', got neither",
        hint: "close it with '\(close)', and write ',' between its parts")
    }

    /// The character that a value begins with; anchors, aliases and tags are reported behind it.
    private func began(at problem: String) -> String {
      switch problem {
      case "found undefined alias": "*"
      case "found undefined tag handle": "!"
      case "did not find expected alphabetic or numeric character":
        before.last.map(String.init) ?? character
      default: character
      }
    }
  }
}
