import FulcrumKernel

/// Holds how far computed numbers may be from expected ones, and why so far.
///
/// ```swift
/// let near = Closeness(relative: 0x1p-23, because: "two roundings to Float")
/// try near.check(advantages, against: [0.75, -0.25, -0.25, -0.25])
/// ```
public struct Closeness: Sendable {
  /// Share of the expected number's magnitude.
  public let relative: Double
  /// In the numbers' own unit.
  public let absolute: Double
  /// The reason for the allowed difference; it is part of the message.
  public let reason: String

  /// Numbers are close where |got − expected| ≤ absolute + relative · |expected|.
  public init(relative: Double = 0, absolute: Double = 0, because reason: String) {
    self.relative = relative
    self.absolute = absolute
    self.reason = reason
  }

  /// The same value: 0 and −0 are equal, a NaN is equal to nothing.
  public static let exact = Closeness(because: "the values are exact")

  /// Whether a number is close enough. Infinities are close to themselves only, a NaN to nothing.
  public func accepts(_ got: Double, for expected: Double) -> Bool {
    if got == expected { return true }
    guard got.isFinite, expected.isFinite else { return false }
    return abs(got - expected) <= absolute + relative * abs(expected)
  }

  /// Checks that numbers are close enough, one by one.
  ///
  /// - Parameters:
  ///   - got: what was computed.
  ///   - expected: what it should be, as many numbers.
  ///   - what: what the numbers are, for the message.
  /// - Throws: `.pluginFault` naming the first element that is too far off, or the counts where they
  ///   differ.
  public func check<Value: BinaryFloatingPoint>(
    _ got: [Value], against expected: [Value], of what: String = "values"
  ) throws(FulcrumError) {
    guard got.count == expected.count else {
      throw FulcrumError(.pluginFault, "expected \(expected.count) \(what), got \(got.count)")
    }
    for place in got.indices where !accepts(Double(got[place]), for: Double(expected[place])) {
      throw FulcrumError(
        .pluginFault,
        "\(what), element \(place): expected \(expected[place]), got \(got[place]), which differs by "
          + "\(abs(Double(got[place]) - Double(expected[place])))",
        hint: "allowed are \(absolute) + \(relative) of the expected value: \(reason)")
    }
  }
}
