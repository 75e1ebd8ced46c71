/// Parses JSON strictly (RFC 8259): no repeated keys, no lone surrogates, no bytes after the value.
package struct JSONReader {
  /// Lists what a caller can ask for beyond the common case.
  package struct Options: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// A number that is no `Int` stays as it was written: `JSONValue.numeral`.
    package static let numerals = Options(rawValue: 1)
    /// `NaN`, `Infinity` and `-Infinity` are numbers. JSON has none, but Python writes them.
    package static let nonFinite = Options(rawValue: 2)
  }

  /// The deepest nesting, more than any file of ours has. It bounds the stack that a hostile file
  /// can use.
  package static let depthLimit = 64

  private let bytes: [UInt8]
  private let options: Options
  private var position = 0

  private init(_ bytes: [UInt8], _ options: Options) {
    self.bytes = bytes
    self.options = options
  }

  /// Returns the value that a text holds.
  ///
  /// - Complexity: O(bytes), memory proportional to the text.
  package static func parse(
    _ bytes: [UInt8], options: Options = []
  ) throws(JSONFault) -> JSONValue {
    var reader = JSONReader(bytes, options)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.fault("the end of the text") }
    return value
  }

  private func fault(_ expected: String) -> JSONFault {
    let got =
      position >= bytes.count
      ? "the end of the text"
      : bytes[position...].starts(with: [0xEF, 0xBB, 0xBF])
        ? "a byte-order mark"
        : (0x21...0x7E).contains(bytes[position])
          ? "'\(Character(Unicode.Scalar(bytes[position])))'"
          : "the byte 0x" + String(bytes[position], radix: 16)
    return JSONFault(.unexpected(expected: expected, got: got), at: position, in: bytes)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8, _ name: String) throws(JSONFault) {
    guard current == byte else { throw fault(name) }
    position += 1
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth <= Self.depthLimit else { throw fault("at most \(Self.depthLimit) levels") }
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where options.contains(.nonFinite): return try word("NaN", .number(.nan))
    case UInt8(ascii: "I") where options.contains(.nonFinite):
      return try word("Infinity", .number(.infinity))
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
    for byte in word.utf8 { try take(byte, "'\(word)'") }
    return value
  }

  private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else {
        try take(UInt8(ascii: "]"), "',' or ']'")
        return .array(elements)
      }
    }
  }

  private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
    position += 1
    var members: [JSONMember] = []
    // Compares bytes, for Swift takes canonically equivalent texts for equal.
    var keys = ByteStringTable()
    skipSpace()
    if current == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw fault("a key in double quotes") }
      let start = position
      let key = try string()
      guard keys.intern(key.utf8Span.span) == members.count else {
        throw JSONFault(.repeatedKey(key), at: start, in: bytes)
      }
      skipSpace()
      try take(UInt8(ascii: ":"), "':'")
      members.append(JSONMember(key, try value(depth: depth + 1)))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else {
        try take(UInt8(ascii: "}"), "',' or '}'")
        return .object(members)
      }
    }
  }

  private mutating func string() throws(JSONFault) -> String {
    let opening = position
    position += 1
    var decoded: [UInt8] = []
    var runStart = position
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("an escape for a control character") }
      if byte == UInt8(ascii: "\\") {
        decoded += bytes[runStart..<position]
        position += 1
        try appendEscape(to: &decoded)
        runStart = position
      } else {
        position += 1
      }
    }
    let run = runStart..<position
    try take(UInt8(ascii: "\""), "'\"'")
    do {
      // Every escape gives at least a byte.
      if decoded.isEmpty {
        return String(copying: try UTF8Span(validating: bytes.span.extracting(run)))
      }
      decoded += bytes[run]
      return String(copying: try UTF8Span(validating: decoded.span))
    } catch {
      position = opening
      throw fault("a string in UTF-8")
    }
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws(JSONFault) {
    guard let byte = current else { throw fault("an escape") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      position += 1
      text += Array(String(Character(try escapedScalar())).utf8)
      return
    default: throw fault("an escape")
    }
    position += 1
  }

  private mutating func escapedScalar() throws(JSONFault) -> Unicode.Scalar {
    let start = position
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), current == UInt8(ascii: "\\") {
      position += 1
      try take(UInt8(ascii: "u"), "the low half of a surrogate pair")
      let low = try hexadecimal()
      if (0xDC00..<0xE000).contains(low) {
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
    }
    guard let scalar = Unicode.Scalar(code) else {
      position = start
      throw fault("a Unicode scalar, not half of a surrogate pair")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current,
        let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80
      else { throw fault("four hexadecimal digits") }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "I"), options.contains(.nonFinite) {
      return try word("Infinity", .number(-.infinity))
    }
    if current == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits(position == start ? "a value" : "a digit")
    }
    let isWhole =
      current != UInt8(ascii: ".") && current != UInt8(ascii: "e")
      && current != UInt8(ascii: "E")
    if current == UInt8(ascii: ".") {
      position += 1
      try digits("a digit")
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try digits("a digit")
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let integer = Int(text) { return .integer(integer) }
    if options.contains(.numerals) { return .numeral(text) }
    guard let number = Double(text), number.isFinite else {
      position = start
      throw fault("a number within the range of a double")
    }
    return .number(number)
  }

  private mutating func digits(_ expected: String) throws(JSONFault) {
    let start = position
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else { throw fault(expected) }
  }
}
