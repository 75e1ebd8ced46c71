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
    do throws(JSONRecord.Fault) {
      self = try JSONRecord.decode(Self.self, from: [UInt8](data))
    } catch {
      throw FulcrumError(
        .data, "expected what 'fulcrum microscope' writes, got something else: \(error.reason)",
        at: file, hint: "run 'fulcrum microscope' again, or remove the file")
    }
  }
}
