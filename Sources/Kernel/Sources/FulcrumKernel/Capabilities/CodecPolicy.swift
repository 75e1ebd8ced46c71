/// Text to tokens and back, without a model.
///
/// Safe to use from several threads at once.
public protocol TokenCodec: Sendable {
  /// The tokens of a text; special tokens written in it become themselves.
  func encode(_ text: String) throws(FulcrumError) -> [Int32]

  /// The text of tokens; special tokens are left out unless asked for.
  ///
  /// - Throws: `.data` for a number that is no token.
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String
}

/// A policy whose tokenizer can be read without the model.
public protocol CodecPolicy: PolicyModel {
  /// The tokenizer of a checkpoint folder, which may hold nothing else.
  static func makeCodec(from directory: String) throws(FulcrumError) -> any TokenCodec
}
