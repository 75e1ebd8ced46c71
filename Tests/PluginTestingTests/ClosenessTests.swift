import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ClosenessTests {
  private static let near = Closeness(relative: 0.25, absolute: 0.5, because: "a test")

  @Test func `what is within the tolerance is close, what is beyond is not`() {
    // 0.5 + 0.25 · 2 = 1 on either side.
    #expect(Self.near.accepts(3, for: 2))
    #expect(Self.near.accepts(1, for: 2))
    #expect(!Self.near.accepts(3.0001, for: 2))
    // The tolerance of a negative number is not negative.
    #expect(Self.near.accepts(-3, for: -2))
    #expect(!Self.near.accepts(-3.0001, for: -2))
  }

  @Test func `infinities are close to themselves, and a NaN to nothing`() {
    #expect(Self.near.accepts(.infinity, for: .infinity))
    #expect(!Self.near.accepts(.infinity, for: -.infinity))
    #expect(!Self.near.accepts(1, for: .infinity))
    #expect(!Self.near.accepts(.infinity, for: 1))
    #expect(!Self.near.accepts(.nan, for: .nan))
    #expect(!Closeness.exact.accepts(.nan, for: .nan))
    #expect(Closeness.exact.accepts(0, for: -0.0))
  }

  @Test func `the first element that is too far off is named, with the reason`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try Self.near.check([1, 2, 8, 9] as [Float], against: [1, 2, 4, 4], of: "weights")
    }
    #expect(
      error?.description
        == """
        weights, element 2: expected 4.0, got 8.0, which differs by 4.0
          hint: allowed are 0.5 + 0.25 of the expected value: a test
        """)
    #expect(error?.code == .pluginFault)
    try Self.near.check([1, 2] as [Double], against: [1, 2])
  }

  @Test func `another number of elements is an error`() {
    let error = #expect(throws: FulcrumError.self) {
      try Closeness.exact.check([1, 2] as [Float], against: [1])
    }
    #expect(error?.message == "expected 1 values, got 2")
  }
}
