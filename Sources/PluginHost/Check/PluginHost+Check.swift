extension PluginHost {
  /// The library that a load would take, of which nothing is run; `nil` if there is none, or what
  /// is named is no library.
  ///
  /// - Parameter reference: a name, or a path, which contains a slash.
  package func libraryPath(of reference: String) -> String? {
    guard !reference.contains("/") else { return reference.hasSuffix(".so") ? reference : nil }
    return PluginName(reference).flatMap { searchPath.firstHit($0) }
  }
}
