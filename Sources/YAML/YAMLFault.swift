import Foundation
import FulcrumKernel
import Yams

/// Says what keeps a text from being YAML that we read, in plain English.
struct YAMLFault: Error {
  /// The line, from 1; `nil`: all of the text.
  var line: Int?
  var message: String
  var hint: String

  init(_ line: Int?, _ message: String, hint: String) {
    self.line = line
    self.message = message
    self.hint = hint
  }

  func error(at file: String) -> FulcrumError {
    FulcrumError(
      .configuration, message, at: line.map { "\(file):\($0)" } ?? file, hint: hint)
  }

  /// Returns the fault of bytes that are no UTF-8.
  static func encoding(of data: Data) -> YAMLFault {
    if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
      return YAMLFault(1, "expected UTF-8 text, got UTF-16", hint: "save the file as UTF-8")
    }
    let bytes = [UInt8](data)
    // The longest prefix that is text: an invalid byte becomes U+FFFD, so the two part there.
    let repaired = String(decoding: bytes, as: UTF8.self).utf8
    let first = zip(bytes, repaired).prefix { $0 == $1 }.count
    let line = bytes.prefix(first).count { $0 == UInt8(ascii: "\n") } + 1
    let byte = bytes.indices.contains(first) ? String(bytes[first], radix: 16, uppercase: true) : ""
    return YAMLFault(
      line, "expected UTF-8 text, got the byte 0x\(byte)",
      hint: "name a YAML file; if this is one, save it as UTF-8")
  }

  /// Returns the fault of a text with a control character, if it has one.
  static func control(in text: String) -> YAMLFault? {
    var line = 1
    for scalar in text.unicodeScalars {
      if scalar == "\n" { line += 1 }
      guard scalar.properties.generalCategory == .control,
        !"\t\n\r\u{85}".unicodeScalars.contains(scalar)
      else { continue }
      let code = String(scalar.value, radix: 16, uppercase: true)
      let digits = String(repeating: "0", count: max(0, 4 - code.count)) + code
      return YAMLFault(
        line, "expected text, got the control character U+\(digits)",
        hint: "name a YAML file; within one, write \"\\u\(digits)\" in double quotes")
    }
    return nil
  }

  /// Returns the fault of the first anchor or merge key, in the text's order.
  static func shorthand(in node: Yams.Node) -> YAMLFault? {
    if let anchor = node.anchor {
      return YAMLFault(
        node.mark?.line, "expected values written out, got the anchor '&\(anchor.rawValue)'",
        hint: "remove the anchor, and write the value in each place that has *\(anchor.rawValue)")
    }
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        if key.scalar?.string == "<<", key.scalar?.style == .plain {
          return YAMLFault(
            key.mark?.line, "expected a key, got the merge key '<<'",
            hint: "write the keys out that it stands for")
        }
        if let fault = shorthand(in: key) ?? shorthand(in: value) { return fault }
      }
    case .sequence(let sequence):
      for element in sequence {
        if let fault = shorthand(in: element) { return fault }
      }
    default: break
    }
    return nil
  }
}
