/// Lists the words between the attempts of a completion.
package enum Words {
  /// Before an attempt.
  package static let openers = ["try", "maybe", "say", "or", "perhaps", "now", "next", "well"]
  /// Behind an attempt that misses.
  package static let failures = ["nope", "no", "off", "wrong", "miss", "alas"]
  /// Behind an attempt that hits; the completion's last.
  package static let successes = ["done", "yes", "found"]
  /// The last word of a completion that gives up.
  package static let stop = "stop"
}
