import FulcrumKernel

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An empty folder that is removed, with what was written into it, when its owner lets it go.
final class ScratchFolder {
  let path: String

  /// - Throws: `.inputOutput` if the system makes no folder.
  init() throws(FulcrumError) {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/plugin-testing-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FulcrumError(
        .inputOutput, "expected a temporary folder, the system made none", at: base,
        hint: "set TMPDIR to a folder that can be written to")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.removeTree(path) }

  /// `unlink` follows no links, so nothing outside the folder is touched.
  private static func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    guard let directory = opendir(path) else { return }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    closedir(directory)
    for name in names { removeTree(path + "/" + name) }
    rmdir(path)
  }
}
