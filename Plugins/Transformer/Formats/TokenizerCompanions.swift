import FulcrumKernel

/// Holds the files beside `tokenizer.json`: those that say how a tokenizer is used (names of special
/// tokens, the conversation format), and older forms of the tokenizer itself.
///
/// A tokenizer that was read is written with the files it was read with, to the byte.
struct TokenizerCompanions: Sendable {
  private static let names = [
    "tokenizer_config.json", "chat_template.jinja", "chat_template.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
  ]
  private var files: [(name: String, bytes: [UInt8])] = []

  /// Holds no files: those of a tokenizer that is trained here are made when it is written.
  init() {}

  /// Reads those of the files that a folder has.
  ///
  /// - Throws: `.inputOutput` if the system fails, `.checkpoint` for a file of an absurd size.
  init(folder: String) throws(FulcrumError) {
    for name in Self.names {
      do throws(FulcrumError) {
        files.append((name, try Tokenizer.open(folder + "/" + name).allBytes()))
      } catch  where error.code == .notFound {
        continue
      }
    }
  }

  var isEmpty: Bool { files.isEmpty }

  /// Returns a file's bytes; `nil` if there is none of that name.
  func bytes(of name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

  /// - Throws: `.inputOutput` if the system fails.
  func write(toFolder folder: String) throws(FulcrumError) {
    for file in files { try WritableFile.write(file.bytes, path: folder + "/" + file.name) }
  }
}

extension ReadableFile {
  fileprivate func allBytes() throws(FulcrumError) -> [UInt8] { try bytes(0..<size) }
}
