/// Decides about an item whose prompt leaves no room for a completion.
package enum OverlongRule: String, CaseIterable, Sendable {
  /// The run stops.
  case refuse
  /// The item is left out.
  case drop

  /// The key under which a task has its rule.
  package static var key: String { "\(Key.overlong)" }

  /// Spells the key without quotes: a plugin has this name too, and no file here quotes a plugin's name.
  private enum Key { case overlong }
}
