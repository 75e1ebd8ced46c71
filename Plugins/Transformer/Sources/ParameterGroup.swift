/// Parameters that weight decay can leave out.
package enum ParameterGroup: String, CaseIterable, Sendable {
  /// Gains of normalisations.
  case norms
  case biases
  /// The table of the tokens; also the head if that shares it.
  case embeddings
}
