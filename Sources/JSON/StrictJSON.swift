import Foundation
import FulcrumKernel

/// JSON that a user wrote: whatever isn't expected in it is an error with its place.
package enum StrictJSON {
  /// A key of any name.
  package struct Key: CodingKey {
    package let stringValue: String
    package var intValue: Int? { nil }
    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
  }

  /// A whole number of 32 bits; JSON has but one kind of number, so `3.0` is one too.
  package struct Whole: Decodable {
    package let value: Int32

    package init(from decoder: any Decoder) throws {
      let number = try decoder.singleValueContainer().decode(Double.self)
      guard let value = Int32(exactly: number) else {
        throw FulcrumError(
          .usage, "expected a whole number of 32 bits, got \(number)", at: path(decoder.codingPath))
      }
      self.value = value
    }
  }

  /// - Parameter form: what is expected, for the hint.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, at place: String, form: String
  ) throws(FulcrumError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as FulcrumError {
      throw FulcrumError(
        error.code, error.message, at: error.location.map { "\(place): \($0)" } ?? place,
        hint: error.hint ?? form)
    } catch let error as DecodingError {
      let (path, message) = reason(error)
      throw FulcrumError(
        .usage, message, at: path.isEmpty ? place : "\(place): \(path)", hint: form)
    } catch {
      throw FulcrumError(.usage, "\(error)", at: place, hint: form)
    }
  }

  /// The keyed values of an object that has no other keys.
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

  private static func reason(_ error: DecodingError) -> (path: String, message: String) {
    switch error {
    case .keyNotFound(let key, let context):
      return (
        path(context.codingPath), "expected a value under \"\(key.stringValue)\", got nothing"
      )
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return (path(context.codingPath), "expected \(name(of: type)), got another kind of value")
    case .dataCorrupted(let context):
      return (path(context.codingPath), "expected valid JSON, got text or a number that is not")
    @unknown default:
      return ("", "\(error)")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.reduce("") { path, key in
      if let index = key.intValue { return "\(path)[\(index)]" }
      return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is Float.Type, is Double.Type: "a number"
    case is String.Type: "a text"
    case is [String: Any].Type: "a JSON object"
    default: "a list"
    }
  }
}
