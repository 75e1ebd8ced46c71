import Foundation

/// What a JSON value is, by its first character.
enum JSONKind {
  case text
  case number
  case flag
  case null
  case list
  case object

  /// - Parameter value: valid JSON.
  init(of value: some Sequence<UInt8>) {
    switch value.first(where: { !JSONObject.isSpace($0) }) {
    case UInt8(ascii: "\""): self = .text
    case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .flag
    case UInt8(ascii: "n"): self = .null
    case UInt8(ascii: "["): self = .list
    case UInt8(ascii: "{"): self = .object
    default: self = .number
    }
  }

  /// For messages.
  var phrase: String {
    switch self {
    case .text: "a text"
    case .number: "a number"
    case .flag: "true or false"
    case .null: "null"
    case .list: "a list"
    case .object: "an object"
    }
  }
}

/// Takes an object apart without reading its values, so that numbers keep their digits: Foundation
/// makes 0.1 of 0.10, and rounds long ones.
enum JSONObject {
  /// Each key's value as it is written; of a key that occurs twice the last.
  ///
  /// - Parameter json: an object, valid as JSON; of anything else some nonsense may be found.
  /// - Complexity: O(n).
  static func members(of json: [UInt8]) -> [String: ArraySlice<UInt8>] {
    var members: [String: ArraySlice<UInt8>] = [:]
    var key: String?
    var start = 0
    var depth = 0
    var place = 0
    while place < json.count {
      switch json[place] {
      case UInt8(ascii: "\""):
        place = end(ofTextAt: place, in: json)
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth == 1 { start = place + 1 }
      case UInt8(ascii: ":") where depth == 1 && key == nil:
        key = text(trimmed(json[start..<place]))
        start = place + 1
      case UInt8(ascii: ",") where depth == 1:
        if let key { members[key] = trimmed(json[start..<place]) }
        key = nil
        start = place + 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 1, let key { members[key] = trimmed(json[start..<place]) }
        depth -= 1
      default: break
      }
      place += 1
    }
    return members
  }

  /// JSON's own white space.
  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// The place after a text that begins at `start`.
  private static func end(ofTextAt start: Int, in json: [UInt8]) -> Int {
    var place = start + 1
    while place < json.count, json[place] != UInt8(ascii: "\"") {
      place += json[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    return place + 1
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return bytes
  }

  private static func text(_ json: ArraySlice<UInt8>) -> String? {
    try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String
  }
}
