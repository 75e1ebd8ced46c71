extension PluginHost {
  /// The file that a load would read, of which nothing is run; `nil` if there is none of the name.
  ///
  /// - Parameter reference: a name, or a path, which contains a slash.
  package func file(of reference: String) -> String? {
    guard !reference.contains("/") else { return reference }
    return PluginName(reference).flatMap { searchPath.firstHit($0) }
  }
}
