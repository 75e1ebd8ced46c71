/// A policy whose checkpoint says how a conversation is written.
public protocol ChatTemplatePolicy: PolicyModel {
  /// The conversation's text as the checkpoint's own template has it, ending with the header of the
  /// assistant's next turn.
  ///
  /// - Returns: `nil` if the checkpoint has no template, or one that the policy doesn't know.
  func render(_ messages: [ChatMessage]) throws(FulcrumError) -> String?
}
