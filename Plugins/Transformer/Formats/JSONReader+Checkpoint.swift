import FulcrumKernel
import JSON

extension JSONReader {
  /// Returns the value that a checkpoint's file holds.
  ///
  /// - Parameter location: the file, for errors.
  /// - Throws: `.checkpoint` with the offset of the byte where the text stops being JSON.
  package static func parse(_ bytes: [UInt8], at location: String) throws(FulcrumError) -> JSONValue
  {
    do throws(JSONFault) {
      return try parse(bytes)
    } catch {
      throw error.error(
        .checkpoint, at: location,
        hint: "the file is damaged or incomplete: fetch or write it again")
    }
  }
}
