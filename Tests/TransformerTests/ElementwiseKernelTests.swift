import Foundation
import Testing
import TransformerKernels

/// The C loops against libm in `Double`. Widths of 37 have whole vectors and a rest.
struct ElementwiseKernelTests {
  private let width = 37

  /// Numbers without a pattern, from −scale to scale.
  private func numbers(_ count: Int, scale: Float = 2, phase: Float = 0) -> [Float] {
    (0..<count).map { scale * sin(Float($0) * 1.7 + phase * 0.3) * cos(Float($0) * 0.31 + phase) }
  }

  @Test func `the exponential is within 2 ulp of libm's`() {
    let x = (0..<200_000).map { Float($0) * 0.000_875 - 87 }
    var y = [Float](repeating: 0, count: x.count)
    tk_exp(x, &y, Int32(x.count))
    var worst = 0.0
    for i in x.indices {
      let exact = exp(Double(x[i]))
      worst = max(worst, abs(Double(y[i]) - exact) / Double(Float(exact).ulp))
    }
    #expect(worst < 2, "\(worst) ulp")
  }

  @Test func `extreme exponents are zero or finite`() {
    let x: [Float] = [-.infinity, -1e30, -88, 88.3, 1e30, .infinity, 0, -0.0]
    var y = [Float](repeating: .nan, count: x.count)
    tk_exp(x, &y, Int32(x.count))
    #expect(y[0] == 0 && y[1] == 0 && y[2] == 0)
    #expect(y[3].isFinite && y[3] > 2e38)
    #expect(y[4] == y[3] && y[5] == y[3])
    #expect(y[6] == 1 && y[7] == 1)
  }

  @Test func `a row of 3 and 4 is normalised by the root of 12 and a half`() {
    var y: [Float] = [0, 0]
    tk_rms_norm([3, 4], [1, 2], &y, 1, 2, 0)
    // Mean square 25/2; 3 / 3.5355339 and 2 · 4 / 3.5355339, to one rounding each.
    #expect(abs(y[0] - 0.848_528_14) < 1e-6)
    #expect(abs(y[1] - 2.262_741_7) < 1e-6)
  }

  @Test func `the normalisation's gradient agrees with central differences`() {
    let x = numbers(2 * width)
    let gain = numbers(width, scale: 1, phase: 1)
    let dy = numbers(2 * width, scale: 1, phase: 2)
    let residual = numbers(2 * width, scale: 1, phase: 3)
    var dx = [Float](repeating: 0, count: 2 * width)
    var gainGradient = [Float](repeating: 1, count: width)
    tk_rms_norm_backward(
      x, gain, dy, residual, &dx, &gainGradient, 2, Int32(width), 1e-5)
    func objective(_ x: [Double], _ gain: [Double]) -> Double {
      var sum = 0.0
      for row in 0..<2 {
        let part = Array(x[row * width..<(row + 1) * width])
        let root = (part.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
        for i in 0..<width { sum += part[i] / root * gain[i] * Double(dy[row * width + i]) }
      }
      return sum
    }
    let exactX = x.map(Double.init)
    let exactGain = gain.map(Double.init)
    let h = 1e-5
    for i in 0..<2 * width {
      var above = exactX
      var below = exactX
      above[i] += h
      below[i] -= h
      let slope = (objective(above, exactGain) - objective(below, exactGain)) / (2 * h)
      // Float32: 37 terms of size 1, each rounded at 6e-8.
      #expect(abs(Double(dx[i]) - Double(residual[i]) - slope) < 2e-6)
    }
    for i in 0..<width {
      var above = exactGain
      above[i] += h
      let slope = (objective(exactX, above) - objective(exactX, exactGain)) / h
      // It is linear in the gain, and was 1 before.
      #expect(abs(Double(gainGradient[i]) - 1 - slope) < 2e-6)
    }
  }

  @Test func `rotation by positions and back is the identity, and lengths stay`() {
    let half = 3
    let cosines = (0..<4).flatMap { p in (0..<half).map { cos(Float(p) / Float($0 + 1)) } }
    let sines = (0..<4).flatMap { p in (0..<half).map { sin(Float(p) / Float($0 + 1)) } }
    let x = numbers(2 * 14)
    var y = x
    // Two rows of stride 14 with two heads of size 6; the last two components are not theirs.
    tk_rotate(&y, 14, [3, 1], 2, 2, Int32(half), cosines, sines, 1)
    let u = Double(x[0])
    let v = Double(x[3])
    // Pair (0, 3) of the first row by 3 radians, in float32.
    #expect(abs(Double(y[0]) - (u * cos(3) - v * sin(3))) < 1e-6)
    #expect(abs(Double(y[3]) - (v * cos(3) + u * sin(3))) < 1e-6)
    #expect(y[12] == x[12] && y[13] == x[13])
    tk_rotate(&y, 14, [3, 1], 2, 2, Int32(half), cosines, sines, -1)
    // Two roundings of numbers below 4.
    for i in x.indices { #expect(abs(y[i] - x[i]) < 1e-6) }
  }

  @Test func `swiglu and its gradient agree with Double`() {
    let input = numbers(2 * 2 * width, scale: 6)
    let dOut = numbers(2 * width, scale: 1, phase: 1)
    var out = [Float](repeating: 0, count: 2 * width)
    tk_swiglu(input, &out, 2, Int32(width))
    var gradient = input
    var again = out.map { _ in 0 as Float }
    tk_swiglu_backward(&gradient, dOut, &again, 2, Int32(width))
    #expect(again == out)
    for row in 0..<2 {
      for i in 0..<width {
        let g = Double(input[row * 2 * width + i])
        let u = Double(input[row * 2 * width + width + i])
        let d = Double(dOut[row * width + i])
        let s = 1 / (1 + exp(-g))
        // Five roundings of numbers below 40.
        #expect(abs(Double(out[row * width + i]) - g * s * u) < 1e-5)
        let dGate = d * u * (s + g * s * (1 - s))
        #expect(abs(Double(gradient[row * 2 * width + i]) - dGate) < 1e-5)
        #expect(abs(Double(gradient[row * 2 * width + width + i]) - d * g * s) < 1e-5)
      }
    }
  }

  @Test(arguments: [1, 5, 16, 37, 3000])
  func `a token's statistics agree with Double`(count: Int) {
    let logits = numbers(count, scale: 9)
    let target = count / 2
    let got = tk_score_token(logits, Int32(count), 1 / 0.7 as Float, Int32(target))
    // The scaled logits are rounded as the kernel rounds them; the rest is exact.
    let scaled = logits.map { Double($0 * (1 / 0.7 as Float)) }
    let largest = scaled.max() ?? 0
    let exponentials = scaled.map { exp($0 - largest) }
    let total = exponentials.reduce(0, +)
    let p = exponentials.map { $0 / total }
    let entropy = -p.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
    let lever = p.enumerated().reduce(0) {
      $0 + pow(($1.offset == target ? 1 : 0) - $1.element, 2)
    }.squareRoot()
    // z − max is rounded at 1e-6 for numbers up to 25; so are the answers.
    #expect(abs(Double(got.log_probability) - log(p[target])) < 3e-6)
    #expect(abs(Double(got.entropy) - entropy) < 3e-6)
    #expect(abs(Double(got.lever) - lever) < 3e-6)
  }

  @Test func `one of four equal tokens has entropy log 4 and lever root of three quarters`() {
    let got = tk_score_token([2, 2, 2, 2], 4, 1, 3)
    // π = 1/4: (3/4)² + 3 (1/4)² = 3/4. One rounding each.
    #expect(abs(got.log_probability + 1.386_294_4) < 2e-7)
    #expect(abs(got.entropy - 1.386_294_4) < 2e-7)
    #expect(abs(got.lever - 0.866_025_4) < 1e-7)
  }

  @Test func `an almost certain token keeps its small lever`() {
    // π = 1 / (1 + e^-20): 1 − π = 2.061e-9, far below float32's spacing at 1.
    let got = tk_score_token([20, 0], 2, 1, 0)
    let rest = exp(-20.0) / (1 + exp(-20.0))
    #expect(abs(Double(got.log_probability) + rest) < 1e-15)
    #expect(abs(Double(got.lever) - 2.0.squareRoot() * rest) < 1e-15)
  }

  @Test func `the logits' gradient is the weight times onehot minus softmax`() {
    let logits = numbers(width, scale: 5)
    let target = 20
    let statistics = tk_score_token(logits, Int32(width), 0.5, Int32(target))
    var gradient = logits
    tk_logit_gradient(
      &gradient, Int32(width), 0.5, statistics.maximum, statistics.total, Int32(target), -3)
    let exponentials = logits.map { exp(Double($0) / 2) }
    let total = exponentials.reduce(0, +)
    for i in 0..<width {
      let expected = -3 * ((i == target ? 1 : 0) - exponentials[i] / total)
      // A few roundings of numbers below 3.
      #expect(abs(Double(gradient[i]) - expected) < 1e-6)
    }
  }

  @Test func `the largest logit wins, the lowest token on ties`() {
    var logits = numbers(width)
    logits[21] = 7
    logits[30] = 7
    #expect(tk_largest(logits, Int32(width)) == 21)
  }

  @Test func `the sampler inverts the cumulative distribution`() {
    // Probabilities 1/8, 1/2, 0, 3/8.
    let logits: [Float] = [log(1), log(4), -.infinity, log(3)]
    var scratch = [Float](repeating: 0, count: 16)
    let draws: [(Float, Int32)] = [
      (0, 0), (0.124, 0), (0.126, 1), (0.62, 1), (0.63, 3), (1 - 0x1p-24, 3),
    ]
    for (uniform, token) in draws {
      #expect(tk_sample(logits, 4, 1, uniform, &scratch) == token)
    }
  }

  @Test func `the sum of squares of a not finite number is not finite`() {
    var x = numbers(100)
    let exact = x.reduce(0) { $0 + Double($1) * Double($1) }
    // The same terms in another order, in Double.
    #expect(abs(tk_sum_of_squares(x, 100) - exact) < 1e-12)
    x[50] = .infinity
    #expect(!tk_sum_of_squares(x, 100).isFinite)
  }
}
