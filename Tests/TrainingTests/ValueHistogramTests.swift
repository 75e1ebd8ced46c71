import Foundation
import Testing
import Training

@Suite struct ValueHistogramTests {
  @Test func `values fall into buckets that are closed below, and the ends take the rest`() {
    var histogram = ValueHistogram(from: 0, width: 0.25, buckets: 4)
    for value in [0, 0.25, 0.3, 1, 1.5, -0.5, .nan, .infinity] { histogram.add(value) }
    #expect(histogram.counts == [2, 2, 0, 2])
    #expect(histogram.count == 6)
    #expect(histogram.minimum == -0.5 && histogram.maximum == 1.5)
    #expect(histogram.sum == 2.55)
    #expect(abs(histogram.squares - (0.0625 + 0.09 + 1 + 2.25 + 0.25)) < 1e-12)
  }

  @Test func `buckets span the values`() {
    let histogram = ValueHistogram(of: [-1, 2, 0.4, 0.6], buckets: 3)
    #expect(histogram.lowest == -1 && histogram.width == 1)
    #expect(histogram.counts == [1, 2, 1])
    #expect(histogram.used == 0..<3)
  }

  @Test func `equal values share one bucket, and none have none`() {
    let equal = ValueHistogram(of: [0.5, 0.5], buckets: 30)
    #expect(equal.counts == [2] && equal.lowest == 0.5)
    let empty = ValueHistogram(of: [], buckets: 30)
    #expect(empty.count == 0 && empty.used.isEmpty)
  }

  @Test func `empty buckets at the ends are not used`() {
    var histogram = ValueHistogram(from: -12, width: 0.25, buckets: 64)
    histogram.add(-6)
    histogram.add(-5.1)
    #expect(histogram.used == 24..<28)
  }
}
