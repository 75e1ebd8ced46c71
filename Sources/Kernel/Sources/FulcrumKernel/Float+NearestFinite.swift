extension Float {
  /// The nearest finite `Float`: what is beyond the greatest number becomes it. A NaN stays one, so
  /// that it is found and not hidden.
  @inlinable
  public init(nearestFinite value: Double) {
    let greatest = Float.greatestFiniteMagnitude
    self = Swift.min(Swift.max(Float(value), -greatest), greatest)
  }
}
