import FulcrumKernel

/// Names the columns of an `ObjectiveInput` that are empty unless the host filled them.
package enum ObjectiveColumn: String, Sendable {
  case advantages
  case oldLogProbabilities = "old log-probabilities"
  case referenceLogProbabilities = "reference log-probabilities"
  case entropies
  case survey = "survey results"
}

extension ObjectiveInput {
  /// Checks that each of the columns has one value for each token.
  ///
  /// - Parameter component: the objective's name, for the message.
  /// - Throws: `.pluginFault` with the first column of another length.
  package func require(_ columns: ObjectiveColumn..., by component: String) throws(FulcrumError) {
    for column in columns {
      let got =
        switch column {
        case .advantages: advantages.count
        case .oldLogProbabilities: oldLogProbabilities.count
        case .referenceLogProbabilities: referenceLogProbabilities.count
        case .entropies: entropies.count
        case .survey: survey.count
        }
      guard got == tokenCount else {
        throw FulcrumError(
          .pluginFault,
          "expected \(tokenCount) \(column.rawValue), one for each token, got \(got)",
          at: component,
          hint: column == .survey
            ? "the host must call 'survey' on the mini-batch before it is weighed"
            : "the host must compute every column that the objective names in its 'needs'")
      }
    }
  }
}

extension ObjectiveInput {
  /// Returns log π − log π_old of a token.
  package func logRatio(_ token: Int) -> Double {
    Double(logProbabilities[token]) - Double(oldLogProbabilities[token])
  }
}
