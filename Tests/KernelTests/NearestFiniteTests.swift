import FulcrumKernel
import Testing

@Suite struct NearestFiniteTests {
  private static let greatest = Float.greatestFiniteMagnitude

  @Test(
    arguments: [
      (1e39, greatest), (-1e39, -greatest), (Double.infinity, greatest), (-.infinity, -greatest),
      (Double(greatest), greatest), (0.1, 0.1), (-2, -2), (1e-50, 0),
    ] as [(Double, Float)])
  func `what is beyond the greatest number becomes it, and all else is rounded`(
    value: Double, expected: Float
  ) {
    #expect(Float.nearestFinite(value) == expected)
  }

  @Test func `a NaN stays one`() { #expect(Float.nearestFinite(.nan).isNaN) }
}
