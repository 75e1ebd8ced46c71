import FulcrumKernel

/// Reads JSON that a user wrote: anything unexpected in it is an error with its place.
package enum StrictJSON {
  /// Holds a key of any name.
  package struct Key: CodingKey {
    package let stringValue: String
    package var intValue: Int? { nil }
    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
  }

  /// Holds a whole number of 32 bits. JSON has one kind of number, so `3.0` is whole too.
  package struct Whole: Decodable {
    package let value: Int32

    package init(from decoder: any Decoder) throws {
      let number = try decoder.singleValueContainer().decode(Double.self)
      guard let value = Int32(exactly: number) else {
        throw FulcrumError(
          .usage, "expected a whole number of 32 bits, got \(number)",
          at: JSONRecord.path(decoder.codingPath))
      }
      self.value = value
    }
  }

  /// Reads a whole file.
  ///
  /// - Parameter form: what is expected, for the hint.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], of file: String, form: String
  ) throws(FulcrumError) -> Value {
    try decode(type, from: bytes, place: file, file: file, firstLine: 1, form: form)
  }

  /// Reads a line of a file of JSON Lines.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from line: JSONLines.Line, of file: String, form: String
  ) throws(FulcrumError) -> Value {
    try decode(
      type, from: line.bytes, place: line.place(in: file), file: file, firstLine: line.number,
      form: form)
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], place: String, file: String, firstLine: Int,
    form: String
  ) throws(FulcrumError) -> Value {
    do throws(JSONRecord.Fault) {
      return try JSONRecord.decode(type, from: bytes)
    } catch {
      switch error {
      case .text(let fault):
        throw FulcrumError(
          .usage, "not valid JSON: \(fault.reason)",
          at: "\(file):\(firstLine + fault.line - 1):\(fault.column)", hint: form)
      case .form(let path, let message):
        throw FulcrumError(
          .usage, message, at: path.isEmpty ? place : "\(place): \(path)", hint: form)
      case .refused(let error):
        throw FulcrumError(
          error.code, error.message, at: error.location.map { "\(place): \($0)" } ?? place,
          hint: error.hint ?? form)
      }
    }
  }

  /// Returns the keyed values of an object that has no other keys.
  package static func container(
    of decoder: any Decoder, keys: [String]
  ) throws -> KeyedDecodingContainer<Key> {
    let container = try decoder.container(keyedBy: Key.self)
    let names = container.allKeys.map(\.stringValue).sorted()
    if let name = names.first(where: { !keys.contains($0) }) {
      throw FulcrumError(
        .usage, "unknown key '\(name)'", hint: NearNames.hint(for: name, among: keys))
    }
    return container
  }
}
