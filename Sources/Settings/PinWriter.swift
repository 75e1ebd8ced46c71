import FulcrumKernel
import YAML
import Yams

/// Writes plugins' digests into a configuration's text and leaves all else as it is, comments too.
package struct PinWriter {
  /// Holds one component of the configuration with its digest.
  package struct Pin: Sendable {
    /// The key path, for messages.
    package let path: String
    /// The component's name, as the configuration writes it.
    package let use: String
    /// The digest that the configuration has so far.
    package let old: String?
    package let new: String
  }

  /// Replaces some characters of a line, or adds a line after it.
  private struct Edit {
    let line: Int
    /// The characters of the line; `nil`: a new line follows it.
    let range: Range<Int>?
    let text: String
  }

  /// The configuration's text with all pins.
  package private(set) var text: String
  package private(set) var pins: [Pin] = []

  /// - Parameters:
  ///   - file: for messages.
  ///   - digest: returns the digest of the library that a component's name stands for, under a key.
  /// - Throws: what `digest` throws, with its place; `.configuration` for a component whose lines
  ///   can't be edited.
  package init(
    _ text: String, file: String,
    digest: (_ key: ComponentKey, _ use: String) throws(FulcrumError) -> String
  ) throws(FulcrumError) {
    self.text = text
    let root = try YAMLText.compose(text, file: file)
    // Scalars, for a character may hold both ends of a line: "\r\n".
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map(Array.init)
    var edits: [Edit] = []
    for key in ComponentKey.allCases {
      guard let node = root?.mapping?[Node(key.rawValue)] else { continue }
      let elements = node.sequence.map { Array($0) } ?? [node]
      for (index, element) in elements.enumerated() {
        let path = node.sequence == nil ? key.rawValue : "\(key.rawValue)[\(index)]"
        let place = element.mark.map { "\(file):\($0.line): \(path)" } ?? "\(file): \(path)"
        do throws(FulcrumError) {
          let (pin, edit) = try Self.pin(element, path, key, lines, digest)
          pins.append(pin)
          edits.append(edit)
        } catch {
          throw error.within(place)
        }
      }
    }
    self.text = Self.apply(edits, to: lines)
  }

  private static func pin(
    _ node: Node, _ path: String, _ key: ComponentKey, _ lines: [[Unicode.Scalar]],
    _ digest: (_ key: ComponentKey, _ use: String) throws(FulcrumError) -> String
  ) throws(FulcrumError) -> (Pin, Edit) {
    switch node {
    case .scalar(let scalar):
      let token = try token(scalar, in: lines)
      let new = try digest(key, scalar.string)
      let name = String(String.UnicodeScalarView(lines[token.line][token.range]))
      return (
        Pin(path: path, use: scalar.string, old: nil, new: new),
        Edit(line: token.line, range: token.range, text: "{use: \(name), sha256: \"\(new)\"}")
      )
    case .mapping(let mapping):
      guard let (useKey, useValue) = mapping.first(where: { $0.key.string == "use" }),
        let use = useValue.scalar, let column = useKey.mark?.column
      else {
        throw ComponentChoice.expected
      }
      let new = try digest(key, use.string)
      if let old = mapping[Node("sha256")]?.scalar {
        let token = try token(old, in: lines)
        return (
          Pin(path: path, use: use.string, old: old.string, new: new),
          Edit(line: token.line, range: token.range, text: "\"\(new)\"")
        )
      }
      let token = try token(use, in: lines)
      let pin = Pin(path: path, use: use.string, old: nil, new: new)
      if isFlow(mapping, lines) {
        let end = token.range.upperBound
        return (pin, Edit(line: token.line, range: end..<end, text: ", sha256: \"\(new)\""))
      }
      let indent = String(repeating: " ", count: column - 1)
      return (pin, Edit(line: token.line, range: nil, text: "\(indent)sha256: \"\(new)\""))
    default:
      throw ComponentChoice.expected
    }
  }

  /// Tells whether the mapping is written in braces; the parser doesn't say.
  private static func isFlow(_ mapping: Node.Mapping, _ lines: [[Unicode.Scalar]]) -> Bool {
    guard let mark = mapping.mark, lines.indices.contains(mark.line - 1) else { return false }
    return lines[mark.line - 1].dropFirst(mark.column - 1).first == "{"
  }

  /// Finds the place of a scalar, its quotes included.
  private static func token(_ scalar: Node.Scalar, in lines: [[Unicode.Scalar]])
    throws(FulcrumError) -> (line: Int, range: Range<Int>)
  {
    let text = Array(scalar.string.unicodeScalars)
    let quote = scalar.style == .plain ? 0 : 1
    if let mark = scalar.mark, lines.indices.contains(mark.line - 1) {
      let line = lines[mark.line - 1]
      let first = mark.column - 1
      let range = first..<first + text.count + 2 * quote
      if range.upperBound <= line.count,
        Array(line[first + quote..<range.upperBound - quote]) == text
      {
        return (mark.line - 1, range)
      }
    }
    throw FulcrumError(
      .configuration, "can't find '\(scalar.string)' in its line to pin it",
      hint: "write it on one line, without escapes")
  }

  private static func apply(_ edits: [Edit], to lines: [[Unicode.Scalar]]) -> String {
    var lines = lines.map { String(String.UnicodeScalarView($0)) }
    // Edits from the end, so that the places before an edit stay right.
    let ordered = edits.sorted {
      ($0.line, $0.range?.lowerBound ?? .max) > ($1.line, $1.range?.lowerBound ?? .max)
    }
    for edit in ordered {
      guard let range = edit.range else {
        let end = lines[edit.line].hasSuffix("\r") ? "\r" : ""
        lines.insert(edit.text + end, at: edit.line + 1)
        continue
      }
      var scalars = Array(lines[edit.line].unicodeScalars)
      scalars.replaceSubrange(range, with: Array(edit.text.unicodeScalars))
      lines[edit.line] = String(String.UnicodeScalarView(scalars))
    }
    return lines.joined(separator: "\n")
  }
}
