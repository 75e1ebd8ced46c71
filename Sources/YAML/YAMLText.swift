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
      throw YAMLFault.encoding(of: data).error(at: file)
    }
    return text
  }

  /// - Parameter file: for the message.
  /// - Returns: `nil` for an empty text.
  /// - Throws: `.configuration`, with the line, for what is no YAML, and for anchors, merge keys and
  ///   a second document, which no file of ours needs.
  package static func compose(_ text: String, file: String) throws(FulcrumError) -> Yams.Node? {
    if let fault = YAMLFault.control(in: text) { throw fault.error(at: file) }
    do {
      let parser = try Yams.Parser(yaml: text, encoding: .utf8)
      let root = try parser.singleRoot()
      // Anchors are gone with the parser.
      let fault = withExtendedLifetime(parser) { root.flatMap(YAMLFault.shorthand(in:)) }
      if let fault { throw fault }
      return root
    } catch let fault as YAMLFault {
      throw fault.error(at: file)
    } catch let error as YamlError {
      throw YAMLFault(error, in: text).error(at: file)
    } catch {
      throw FulcrumError(.configuration, "not valid YAML: \(error)", at: file)
    }
  }
}
