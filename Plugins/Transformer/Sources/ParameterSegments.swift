import FulcrumKernel
import TransformerKernels

/// Cuts all parameters into items of parallel work, for every optimiser.
struct ParameterSegments {
  /// Holds adjacent parameters that one item of parallel work steps.
  struct Segment {
    let range: Range<Int>
    let decays: Bool
  }

  /// The number of parameters of one item of parallel work, and of one partial sum of the norm.
  private static let block = 1 << 16

  /// The number of all parameters.
  let count: Int
  private let segments: [Segment]

  /// - Parameters:
  ///   - count: the number of all parameters.
  ///   - undecayed: the ranges of those that don't decay, ascending.
  init(count: Int, undecayed: [Range<Int>] = []) {
    self.count = count
    var segments: [Segment] = []
    func add(_ range: Range<Int>, decays: Bool) {
      for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
        segments.append(
          Segment(range: first..<min(first + Self.block, range.upperBound), decays: decays))
      }
    }
    var end = 0
    for range in undecayed {
      add(end..<range.lowerBound, decays: true)
      add(range, decays: false)
      end = range.upperBound
    }
    add(end..<count, decays: true)
    self.segments = segments
  }

  /// Runs `step` for every segment, on all threads.
  func run(_ pool: ThreadPool, _ step: (Segment) -> Void) {
    pool.run(segments.count) { index, _ in step(segments[index]) }
  }

  /// Returns the L2 norm. Squares are summed block by block and the blocks in order, in `Double`.
  func norm(of gradients: FloatBuffer, pool: ThreadPool) -> Double {
    let blocks = (count + Self.block - 1) / Self.block
    var sums = [Double](repeating: 0, count: blocks)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums
      pool.run(blocks) { block, _ in
        let first = block * Self.block
        sums[block] = tk_sum_of_squares(
          gradients.pointer + first, Int32(min(Self.block, count - first)))
      }
    }
    return sums.reduce(0, +).squareRoot()
  }
}

/// Holds a gradient's norm, and the factor that keeps it within a limit.
struct GradientClip {
  /// The value that `torch.nn.utils.clip_grad_norm_` adds to the norm.
  private static let normFloor = 1e-6

  let report: GradientReport
  /// The factor of the gradient: 1 unless the gradient is too long.
  let scale: Double

  /// - Parameter limit: the largest norm; 0: no limit.
  /// - Throws: `.notFinite` if a gradient is not.
  init(
    _ gradients: FloatBuffer, _ segments: ParameterSegments, limit: Double, pool: ThreadPool
  ) throws(FulcrumError) {
    let norm = segments.norm(of: gradients, pool: pool)
    guard norm.isFinite else {
      throw FulcrumError(
        .notFinite, "expected a finite gradient, got one of norm \(norm)",
        hint: "lower the learning rate, or look for a weight that is not finite")
    }
    let isClipped = limit > 0 && norm > limit
    scale = isClipped ? limit / (norm + Self.normFloor) : 1
    report = GradientReport(norm: norm, isClipped: isClipped)
  }
}
