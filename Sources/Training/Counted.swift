/// Says how many of something there are.
package enum Counted {
  /// Returns a number with its noun: 1 step, 2 steps.
  ///
  /// - Parameter plural: the noun's plural; `nil`: it has an s more.
  package static func text(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) " + (count == 1 ? noun : plural ?? noun + "s")
  }
}
