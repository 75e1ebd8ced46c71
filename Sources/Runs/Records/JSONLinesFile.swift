import Foundation
import FulcrumKernel
import JSON

/// Reads files of JSON objects, one a line.
package enum JSONLinesFile {
  /// - Parameters:
  ///   - writer: the command that writes such a file, for messages.
  ///   - isGrowing: whether a run may be writing the last line: unfinished, it is left out.
  /// - Returns: the records; none where there is no file.
  /// - Throws: `.data` with file and line for a line that is not such a record.
  package static func read<Record: Decodable>(
    _ type: Record.Type, from path: String, writtenBy writer: String = "fulcrum train",
    isGrowing: Bool = true
  ) throws(FulcrumError) -> [Record] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    var records: [Record] = []
    for line in JSONLines([UInt8](data), leavesOutUnfinished: isGrowing) {
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
