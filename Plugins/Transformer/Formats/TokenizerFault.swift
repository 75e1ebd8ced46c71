import FulcrumKernel
import JSON

/// Makes the errors for a `tokenizer.json` that can't be read.
enum TokenizerFault {
  /// Returns the error for a sound file of a kind that this reader doesn't know.
  static func unsupported(_ message: String) -> FulcrumError {
    FulcrumError(
      .unsupported, message,
      hint: "BPE on bytes (Qwen, Llama 3, gpt-oss, DeepSeek) or on characters (Llama 2, Mistral,"
        + " Gemma) is what can be read; Plugins/Transformer/README.md lists the parts")
  }

  /// Returns the error for a damaged file.
  static func damaged(_ message: String) -> FulcrumError {
    FulcrumError(
      .checkpoint, message,
      hint: "the file is damaged, incomplete or edited by hand: fetch or write it again")
  }

  /// Refuses a part unless it has the one value of a key that is known.
  static func require(
    _ part: String, _ value: JSONValue, _ key: String, _ expected: JSONValue
  ) throws(FulcrumError) {
    guard value[key] == expected else {
      throw unsupported(
        "\(part) has \(key) \(value[key]?.excerpt ?? "absent"), expected \(expected.excerpt)")
    }
  }

  /// Returns the value of a switch of a part.
  ///
  /// - Parameter absent: the value where the key is missing or null; nil if it must be there.
  static func flag(
    _ part: String, _ value: JSONValue, _ key: String, absent: Bool? = nil
  ) throws(FulcrumError) -> Bool {
    if let flag = value[key]?.bool { return flag }
    if value.present(key) == nil, let absent { return absent }
    throw damaged(
      "\(part) has \(key) \(value[key]?.excerpt ?? "absent"), expected true or false")
  }
}
