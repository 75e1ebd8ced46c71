extension Float {
  /// The nearest finite `Float`: what is beyond the greatest number becomes it. A NaN stays one, so
  /// that it is found and not hidden.
  ///
  /// A function, for an initialiser would make `map(Float.init)` ambiguous.
  @inlinable
  public static func nearestFinite(_ value: Double) -> Float {
    Swift.min(Swift.max(Float(value), -greatestFiniteMagnitude), greatestFiniteMagnitude)
  }
}
