import FulcrumKernel
import JSON

/// Holds the keys of one JSON file of settings.
struct ConfigFile: Sendable, Equatable {
  let path: String
  let json: JSONValue
  /// The file's bytes as they were read; `nil` for a file that is yet to be written.
  private let bytes: [UInt8]?

  /// Makes a file that is to be written.
  init(path: String, json: JSONValue) {
    self.path = path
    self.json = json
    bytes = nil
  }

  /// - Throws: `.notFound` without the file, `.checkpoint` if it is not a JSON object.
  init(path: String) throws(FulcrumError) {
    let file = try ReadableFile(path: path)
    let bytes = try file.bytes(0..<file.size)
    self.path = path
    self.bytes = bytes
    json = try JSONReader.parse(bytes, at: path)
    guard json.members != nil else {
      throw FulcrumError(.checkpoint, "expected an object, got \(json.excerpt)", at: path)
    }
  }

  /// Writes the file under another path, to the byte if its contents are those that were read.
  ///
  /// - Throws: `.inputOutput` if the system fails.
  func write(_ changed: JSONValue? = nil, toPath path: String) throws(FulcrumError) {
    guard let bytes, changed == nil || changed == json else {
      return try WritableFile.write(json: changed ?? json, path: path)
    }
    try WritableFile.write(bytes, path: path)
  }

  func unsupported(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(
      .unsupported, message, at: path,
      hint: hint ?? "this policy computes plain Llama, Qwen2 and Qwen3 models only")
  }

  func wrong(_ key: String, _ expected: String, _ got: JSONValue?) -> FulcrumError {
    FulcrumError(
      .checkpoint, "\(key) must be \(expected), got \(got?.excerpt ?? "nothing")", at: path,
      hint: "correct the key, or fetch the file again")
  }

  func size(_ key: String, default fallback: Int? = nil) throws(FulcrumError) -> Int {
    let value = json.present(key)
    if value == nil, let fallback { return fallback }
    guard let size = value?.integer else { throw wrong(key, "an integer", value) }
    return size
  }

  func number(_ key: String, default fallback: Double) throws(FulcrumError) -> Double {
    guard let value = json.present(key) else { return fallback }
    guard let number = value.double else { throw wrong(key, "a number", value) }
    return number
  }

  func flag(_ key: String) throws(FulcrumError) -> Bool {
    guard let value = json.present(key) else { return false }
    guard let flag = value.bool else { throw wrong(key, "true or false", value) }
    return flag
  }

  func token(_ key: String) throws(FulcrumError) -> Int32? {
    guard let value = json.present(key) else { return nil }
    return try token(value, key)
  }

  /// Returns a token or a list of tokens; none if the key is absent.
  func tokens(_ key: String) throws(FulcrumError) -> [Int32] {
    guard let value = json.present(key) else { return [] }
    var tokens: [Int32] = []
    for element in value.elements ?? [value] { tokens.append(try token(element, key)) }
    return tokens
  }

  private func token(_ value: JSONValue, _ key: String) throws(FulcrumError) -> Int32 {
    guard let token = value.integer.flatMap({ Int32(exactly: $0) }) else {
      throw wrong(key, "a token number", value)
    }
    return token
  }
}
