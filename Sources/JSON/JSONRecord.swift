import FulcrumKernel

/// Reads a JSON text as a Swift value, strictly. Everything that has a type is read here.
package enum JSONRecord {
  /// Says why a text isn't the value.
  package enum Fault: Error {
    /// The text is not JSON.
    case text(JSONFault)
    /// The text is JSON of another form: the path of the value, and what was expected there.
    case form(path: String, message: String)
    /// The value's own initializer refused the text.
    case refused(FulcrumError)

    /// Returns the fault in one sentence.
    package var reason: String {
      switch self {
      case .text(let fault): fault.reason
      case .form(let path, let message): path.isEmpty ? message : "\(path): \(message)"
      case .refused(let error): error.message
      }
    }
  }

  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], options: JSONReader.Options = []
  ) throws(Fault) -> Value {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.parse(bytes, options: options.union(.numerals))
    } catch {
      throw .text(error)
    }
    do {
      return try Value(from: JSONValueDecoder(value))
    } catch let error as FulcrumError {
      throw .refused(error)
    } catch let error as DecodingError {
      throw fault(error)
    } catch {
      throw .form(path: "", message: "\(error)")
    }
  }

  private static func fault(_ error: DecodingError) -> Fault {
    switch error {
    case .keyNotFound(let key, let context):
      .form(
        path: path(context.codingPath),
        message: "expected a value under \"\(key.stringValue)\", got nothing")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      .form(
        path: path(context.codingPath),
        message: "expected \(name(of: type)), got another kind of value")
    case .dataCorrupted(let context):
      .form(path: path(context.codingPath), message: context.debugDescription)
    @unknown default: .form(path: "", message: "\(error)")
    }
  }

  /// Returns a value's place as a key path: `sequences[3]`.
  package static func path(_ keys: [any CodingKey]) -> String {
    keys.reduce("") { path, key in
      if let index = key.intValue { return "\(path)[\(index)]" }
      return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
    }
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is Float.Type, is Double.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is [String: Any].Type: "a JSON object"
    default: "a list"
    }
  }
}
