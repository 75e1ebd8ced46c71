import FulcrumKernel
import Glibc
import TransformerKernels

/// Adam with decoupled weight decay, as PyTorch's `AdamW` computes it, ascending.
///
/// With g = −c · gradient and c the clipping factor:
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
/// θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ);
/// λ = 0 for parameters that are left out.
/// - Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2.
package final class AdamW {
  /// The optimiser's constants.
  package struct Settings: Sendable {
    package var beta1, beta2, epsilon: Double
    /// λ, on every parameter but those of `undecayed`.
    package var weightDecay: Double
    package var undecayed: Set<ParameterGroup>
    /// Largest global norm of a gradient; 0: any.
    package var maximumGradientNorm: Double

    package init(
      beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
      undecayed: Set<ParameterGroup> = [], maximumGradientNorm: Double
    ) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.undecayed = undecayed
      self.maximumGradientNorm = maximumGradientNorm
    }
  }

  /// Parameters of one item of parallel work, and of one partial sum of the norm.
  private static let block = 1 << 16
  /// The value that `torch.nn.utils.clip_grad_norm_` adds to the norm.
  private static let normFloor = 1e-6

  /// Adjacent parameters that one item of parallel work steps.
  private struct Segment {
    let range: Range<Int>
    let decays: Bool
  }

  package let settings: Settings
  /// m and v, in the parameters' layout.
  package let firstMoments, secondMoments: FloatBuffer
  /// Steps taken.
  package private(set) var stepCount: Int
  private let count: Int
  private let segments: [Segment]

  /// An optimiser that has taken no step yet.
  ///
  /// - Parameters:
  ///   - count: of all parameters.
  ///   - undecayed: those that don't decay, ascending.
  package convenience init(_ settings: Settings, count: Int, undecayed: [Range<Int>] = []) {
    self.init(
      settings, firstMoments: FloatBuffer(count: count), secondMoments: FloatBuffer(count: count),
      stepCount: 0, undecayed: undecayed)
  }

  /// - Precondition: both moments have as many floats as there are parameters.
  init(
    _ settings: Settings, firstMoments: FloatBuffer, secondMoments: FloatBuffer, stepCount: Int,
    undecayed: [Range<Int>]
  ) {
    self.settings = settings
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    self.stepCount = stepCount
    count = firstMoments.count
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

  /// Takes one step along `gradients`.
  ///
  /// - Precondition: both hold as many floats as the optimiser was made for.
  /// - Throws: `.notFinite` if a gradient is not; nothing has changed then.
  package func step(
    _ parameters: FloatBuffer, gradients: FloatBuffer, learningRate: Double, pool: ThreadPool
  ) throws(FulcrumError) -> GradientReport {
    precondition(parameters.count >= count && gradients.count >= count, "one model's buffers")
    let norm = norm(of: gradients, pool: pool)
    guard norm.isFinite else {
      throw FulcrumError(
        .notFinite, "expected a finite gradient, got one of norm \(norm)",
        hint: "lower the learning rate, or look for a weight that is not finite")
    }
    let limit = settings.maximumGradientNorm
    let isClipped = limit > 0 && norm > limit
    let scale = isClipped ? limit / (norm + Self.normFloor) : 1
    stepCount += 1
    let decaying = constants(scale: scale, learningRate: learningRate)
    var staying = decaying
    staying.decay = 1
    pool.run(segments.count) { index, _ in
      let segment = self.segments[index]
      let first = segment.range.lowerBound
      tk_adamw_step(
        parameters.pointer + first, gradients.pointer + first, self.firstMoments.pointer + first,
        self.secondMoments.pointer + first, Int32(segment.range.count),
        segment.decays ? decaying : staying)
    }
    return GradientReport(norm: norm, isClipped: isClipped)
  }

  private func constants(scale: Double, learningRate: Double) -> tk_adamw {
    let correction1 = pow(settings.beta1, Double(stepCount))
    let correction2 = pow(settings.beta2, Double(stepCount))
    return tk_adamw(
      gradient_scale: Float(-scale), beta1: Float(settings.beta1),
      complement1: Float(1 - settings.beta1), beta2: Float(settings.beta2),
      complement2: Float(1 - settings.beta2),
      decay: Float(1 - learningRate * settings.weightDecay),
      step_size: Float(learningRate / (1 - correction1)),
      inverse_root: Float(1 / (1 - correction2).squareRoot()), epsilon: Float(settings.epsilon))
  }

  /// Sums squares block by block and the blocks in order, in `Double`.
  private func norm(of gradients: FloatBuffer, pool: ThreadPool) -> Double {
    let blocks = (count + Self.block - 1) / Self.block
    var sums = [Double](repeating: 0, count: blocks)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums
      pool.run(blocks) { block, _ in
        let first = block * Self.block
        sums[block] = tk_sum_of_squares(
          gradients.pointer + first, Int32(min(Self.block, self.count - first)))
      }
    }
    return sums.reduce(0, +).squareRoot()
  }
}
