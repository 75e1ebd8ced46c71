import Foundation
import FulcrumKernel
import Yams

/// Reads YAML in UTF-8, and refuses any other text in one sentence.
package enum YAMLText {
  /// Returns the text of a file.
  ///
  /// - Parameter missing: the error for a file that can't be read.
  package static func read(_ file: String, missing: @autoclosure () -> FulcrumError)
    throws(FulcrumError) -> String
  {
    guard let data = FileManager.default.contents(atPath: file) else { throw missing() }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FulcrumError(.configuration, "expected UTF-8 text, got other bytes", at: file)
    }
    return text
  }

  /// - Parameter file: for the message.
  /// - Returns: `nil` for an empty text.
  package static func compose(_ text: String, file: String) throws(FulcrumError) -> Yams.Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch {
      throw FulcrumError(.configuration, "not valid YAML: \(error)", at: file)
    }
  }
}
