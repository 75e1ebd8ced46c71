import Foundation

/// Tells where code that runs came from.
package enum MappedFile {
  /// The path of the program or library that is mapped at an address: `#dsohandle` gives the caller's.
  package static func path(at address: UnsafeRawPointer) -> String? {
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let place = UInt(bitPattern: address)
    for line in maps.split(separator: "\n") {
      // First-last, rights, offset, device, file's number, path.
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard fields.count == 6, bounds.count == 2, bounds[0] <= place, place < bounds[1] else {
        continue
      }
      return fields[5].trimmingCharacters(in: .whitespaces)
    }
    return nil
  }
}
