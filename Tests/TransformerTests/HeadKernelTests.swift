import Foundation
import Testing
import TransformerKernels

/// The C loops of per-head norms and biases. Heads of 19 have a whole vector and a rest.
struct HeadKernelTests {
  private let size = 19
  private let heads = 2
  private let rows = 3
  /// Rows lie further apart than their heads are long.
  private let stride = 45
  private let epsilon = 1e-3

  private func numbers(_ count: Int, phase: Float) -> [Float] {
    (0..<count).map { 2 * sin(Float($0) * 1.7 + phase * 0.3) * cos(Float($0) * 0.31 + phase) }
  }

  private func normalized(_ x: [Double], _ gain: [Double]) -> [Double] {
    let root = (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + epsilon).squareRoot()
    return x.indices.map { x[$0] / root * gain[$0] }
  }

  /// The places of one row's head.
  private func places(row: Int, head: Int, stride: Int) -> Range<Int> {
    row * stride + head * size..<row * stride + (head + 1) * size
  }

  @Test func `each head of a row is normalised by itself, and nothing else is touched`() {
    let x = numbers(rows * stride, phase: 0)
    let gain = numbers(size, phase: 1)
    var y = x
    tk_rms_norm_heads(
      &y, Int32(stride), gain, Int32(rows), Int32(heads), Int32(size), Float(epsilon))
    var expected = x.map(Double.init)
    for row in 0..<rows {
      for head in 0..<heads {
        let places = places(row: row, head: head, stride: stride)
        expected.replaceSubrange(
          places, with: normalized(x[places].map(Double.init), gain.map(Double.init)))
      }
    }
    // Values below 6, each of some 22 roundings of 6e-8.
    for (got, want) in zip(y, expected) { #expect(abs(Double(got) - want) < 4e-6) }
    for row in 0..<rows {
      let rest = row * stride + heads * size..<(row + 1) * stride
      #expect(y[rest] == x[rest])
    }
  }

  @Test func `the heads' gradient agrees with central differences`() {
    let plainStride = 40
    let x = numbers(rows * plainStride, phase: 0).map(Double.init)
    let gain = numbers(size, phase: 1).map(Double.init)
    let given = numbers(rows * stride, phase: 2)
    var d = given
    var gainGradient = [Float](repeating: 1, count: size)
    tk_rms_norm_heads_backward(
      x.map { Float($0) }, Int32(plainStride), gain.map { Float($0) }, &d, Int32(stride),
      &gainGradient, Int32(rows), Int32(heads), Int32(size), Float(epsilon))

    func objective(_ x: [Double], _ gain: [Double]) -> Double {
      var sum = 0.0
      for row in 0..<rows {
        for head in 0..<heads {
          let y = normalized(Array(x[places(row: row, head: head, stride: plainStride)]), gain)
          let weights = given[places(row: row, head: head, stride: stride)]
          sum += zip(y, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
      }
      return sum
    }
    let h = 1e-5
    for row in 0..<rows {
      for head in 0..<heads {
        let from = places(row: row, head: head, stride: plainStride)
        let to = places(row: row, head: head, stride: stride)
        for i in 0..<size {
          var above = x
          var below = x
          above[from.lowerBound + i] += h
          below[from.lowerBound + i] -= h
          let slope = (objective(above, gain) - objective(below, gain)) / (2 * h)
          // Float32: 19 terms of size 4, each rounded at 6e-8.
          #expect(abs(Double(d[to.lowerBound + i]) - slope) < 1e-5)
        }
      }
    }
    for i in 0..<size {
      var above = gain
      above[i] += 1
      // Linear in the gain; it was 1 before.
      let slope = objective(x, above) - objective(x, gain)
      #expect(abs(Double(gainGradient[i]) - 1 - slope) < 1e-5)
    }
  }

  @Test func `a bias is added to every row, and its gradient is the sum of the rows`() {
    // Whole numbers, so that float32 is exact.
    let bias = (0..<size).map { Float($0 - 7) }
    let y = (0..<rows * stride).map { Float($0 * 37 % 101) }
    var sum = y
    tk_add_to_rows(bias, &sum, Int32(stride), Int32(rows), Int32(size))
    for row in 0..<rows {
      for i in 0..<stride {
        let place = row * stride + i
        #expect(sum[place] == y[place] + (i < size ? bias[i] : 0))
      }
    }
    var sums = bias
    tk_sum_rows(y, Int32(stride), Int32(rows), Int32(size), &sums)
    for i in 0..<size {
      #expect(sums[i] == bias[i] + y[i] + y[stride + i] + y[2 * stride + i])
    }
  }
}
