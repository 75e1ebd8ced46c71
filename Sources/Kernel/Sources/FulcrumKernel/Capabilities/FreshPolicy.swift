/// A policy that can be made from nothing but texts.
public protocol FreshPolicy: PolicyModel {
  /// Whether the policy was made from a checkpoint. If not, call `create` before anything else.
  var isReady: Bool { get }

  /// Makes a fresh policy of the parameters' shape: its tokenizer from the texts, its weights from
  /// the context's seed.
  func create(fromTexts texts: [String]) throws(FulcrumError)
}
