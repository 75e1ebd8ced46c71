import FulcrumKernel
import TransformerFormats

/// Writes conversations as the checkpoint's own template does.
extension TransformerPolicy: ChatTemplatePolicy {
  /// Renders a conversation. A fresh policy writes the same ChatML that its checkpoints name. No
  /// template is run: `nil` for one that is not among those that `ChatTemplate` knows.
  ///
  /// - Throws: `.usage` without a model.
  package func render(_ messages: [ChatMessage]) throws(FulcrumError) -> String? {
    let model = try ready()
    guard model.origin != nil else { return ChatFormat.chatML.prompt(messages) }
    return model.tokenizer.chatTemplate?.render(messages)
  }
}
