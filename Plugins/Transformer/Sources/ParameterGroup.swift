/// Lists the groups of parameters that weight decay can leave out.
package enum ParameterGroup: String, CaseIterable, Sendable {
  /// The gains of normalisations.
  case norms
  case biases
  /// The table of the tokens; also the head if that shares the table.
  case embeddings
}
