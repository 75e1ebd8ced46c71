import Foundation
import FulcrumKernel

/// Reads files of JSON objects, one a line.
package enum JSONLinesFile {
  /// - Returns: nothing where there is no file. An unfinished last line is left out: the run may be
  ///   writing it.
  /// - Throws: `.data` with file and line for a line that is no such record.
  package static func read<Record: Decodable>(_ type: Record.Type, from path: String)
    throws(FulcrumError) -> [Record]
  {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // After the last line break there is nothing, or a line that isn't finished.
    lines.removeLast()
    var records: [Record] = []
    let decoder = JSONDecoder()
    for (index, line) in lines.enumerated() where !line.isEmpty {
      do {
        records.append(try decoder.decode(type, from: line))
      } catch {
        throw FulcrumError(
          .data, "expected a JSON object as 'fulcrum train' writes it, got something else",
          at: "\(path):\(index + 1)", hint: "the file is damaged; remove the line")
      }
    }
    return records
  }
}
