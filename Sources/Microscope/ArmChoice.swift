import FulcrumKernel
import PluginHost

/// A way to train, as the command line names it: `NAME=key=value;key=value`.
package struct ArmChoice: Sendable, Equatable {
  package let name: String
  /// Assignments to keys of the configuration.
  package let overrides: [String]

  /// The keys that an arm may change: all arms see the same rollouts of the same policy.
  private static let keys = ["advantage", "schedule", "objective", "update"]

  package init(name: String, overrides: [String]) {
    self.name = name
    self.overrides = overrides
  }

  /// - Throws: `.usage` for a text of another form, or a key that an arm can't change.
  package init(_ text: String) throws(FulcrumError) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw FulcrumError(
        .usage, "expected NAME=key=value;key=value, got '\(text)'", at: "--arm",
        hint: "for instance --arm 'short=update.iterations=1;schedule=[]'")
    }
    name = String(text[..<equals])
    overrides = text[text.index(after: equals)...].split(separator: ";").map(String.init)
    guard !overrides.isEmpty else {
      throw FulcrumError(
        .usage, "expected a key to change, got none for '\(name)'", at: "--arm",
        hint: "the configuration as it is has an arm already")
    }
    for override in overrides {
      let key = override.prefix { !".[=".contains($0) }
      guard Self.keys.contains(String(key)) else {
        throw FulcrumError(
          .usage, "expected a key of \(Self.keys.joined(separator: ", ")), got '\(key)'",
          at: "--arm \(name)", hint: "all arms see the same rollouts of the same policy")
      }
    }
  }

  /// The configuration with the arm's changes.
  package func applied(to tree: ConfigurationTree) throws(FulcrumError) -> ConfigurationTree {
    var tree = tree
    for override in overrides {
      do {
        try tree.set(override)
      } catch {
        throw error.within("--arm \(name)")
      }
    }
    return tree
  }
}
