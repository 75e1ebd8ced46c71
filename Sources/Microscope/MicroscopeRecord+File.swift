import Foundation
import FulcrumKernel
import JSON

extension MicroscopeRecord {
  /// The name of the file in a run's directory.
  package static let fileName = "microscope.json"

  /// One JSON object on one line, without a line break at the end.
  package var text: String { JSONLine(self).text }

  /// - Returns: `nil` if there is no such file.
  /// - Throws: `.data` for one that is of another form.
  package init?(file: String) throws(FulcrumError) {
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw FulcrumError(
        .data, "expected what 'fulcrum microscope' writes, got something else: \(Self.say(error))",
        at: file, hint: "run 'fulcrum microscope' again, or remove the file")
    }
  }

  private static func say(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.reduce("") { path, key in
        if let index = key.intValue { return "\(path)[\(index)]" }
        return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
      }
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context)?:
      return "no '\(key.stringValue)' in '\(path(context))'"
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
      return "another type at '\(path(context))'"
    case .dataCorrupted(let context)? where !context.codingPath.isEmpty:
      return "an unexpected value at '\(path(context))'"
    default: return "it is not JSON"
    }
  }
}
