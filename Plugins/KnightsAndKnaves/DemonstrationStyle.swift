/// Writes worked solutions in one of the forms that the parameter `trace` names.
package enum DemonstrationStyle: Sendable {
  /// Tries one assignment after another, in order.
  case search(SearchTrace, errorRate: Double)
  /// Tries what it likes, in words.
  case wordy(WordyTrace)

  /// The name of the form that is no `SearchTrace`.
  package static let wordyName = "wordy"

  /// The forms' names.
  package static var names: [String] { SearchTrace.allCases.map(\.rawValue) + [wordyName] }

  /// Returns the text that follows a prompt's `<think>`.
  package func completion(
    for puzzle: Puzzle, names: [String], using random: inout some RandomNumberGenerator
  ) -> String {
    switch self {
    case .search(let trace, let errorRate):
      trace.completion(for: puzzle, names: names, errorRate: errorRate, using: &random)
    case .wordy(let trace): trace.completion(for: puzzle, names: names, using: &random)
    }
  }
}
