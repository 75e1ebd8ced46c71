import ArgumentParser
import PluginHost

/// Says what the shell offers for an argument.
extension CompletionKind {
  static let configurations = CompletionKind.file(extensions: ["yaml", "yml"])

  /// Names of plugins on the search path, which the shell asks this program for.
  static let plugins = CompletionKind.custom { _, _, _ in
    Plugins.host().installed().filter(\.isUsable).map(\.name)
  }
}
