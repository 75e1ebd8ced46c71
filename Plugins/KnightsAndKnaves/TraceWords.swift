/// Lists the words that a wordy demonstration draws from. Those of a kind mean the same.
package enum TraceWords {
  /// Before a completion's first trial.
  package static let openers = [
    "maybe", "try", "say", "suppose", "perhaps", "guess", "first", "assume",
  ]
  /// Before each trial after the first.
  package static let retries = [
    "well", "rather", "else", "instead", "otherwise", "next", "now", "again",
  ]
  /// Between a statement and what the trial makes of it.
  package static let readings = ["means", "gives", "reads", "makes", "gets", "comes"]
  /// Behind a statement that fits its speaker's role.
  package static let fits = ["fits", "fine", "good", "okay", "sound", "clear"]
  /// Behind a statement that doesn't.
  package static let clashes = ["clash", "bad", "odd", "fails", "wrong", "breaks"]
  /// At the end, where no check has failed. They are few, so that to end may be likelier than any check.
  package static let successes = ["so", "thus"]
  /// At the end, where the last trial is not checked.
  package static let surrenders = ["stop", "enough", "tired", "anyway"]
}
