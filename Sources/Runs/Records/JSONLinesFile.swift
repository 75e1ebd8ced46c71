import Foundation
import FulcrumKernel
import JSON

/// Reads files of JSON objects, one a line.
package enum JSONLinesFile {
  /// - Parameter writer: the command that writes such a file, for messages.
  /// - Returns: the records; none where there is no file. An unfinished last line is left out, for
  ///   the run may be writing it.
  /// - Throws: `.data` with file and line for a line that is not such a record.
  package static func read<Record: Decodable>(
    _ type: Record.Type, from path: String, writtenBy writer: String = "fulcrum train"
  ) throws(FulcrumError) -> [Record] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    var records: [Record] = []
    for line in JSONLines([UInt8](data), leavesOutUnfinished: true) {
      do throws(JSONRecord.Fault) {
        records.append(try JSONRecord.decode(type, from: line.bytes))
      } catch {
        throw FulcrumError(
          .data, "expected a JSON object as '\(writer)' writes it, got something else",
          at: line.place(in: path), hint: "the file is damaged; remove the line")
      }
    }
    return records
  }
}
