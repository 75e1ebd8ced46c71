import FulcrumKernel
import Glibc
import TransformerKernels

/// Adam with decoupled weight decay, as PyTorch's `AdamW` computes it, ascending.
///
/// With g = −c · gradient and c the clipping factor:
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
/// θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
/// - Source: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2.
package final class AdamW {
  /// The optimiser's constants.
  package struct Settings: Sendable {
    package var beta1, beta2, epsilon: Double
    /// λ, on every parameter.
    package var weightDecay: Double
    /// Largest global norm of a gradient; 0: any.
    package var maximumGradientNorm: Double

    package init(
      beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
      maximumGradientNorm: Double
    ) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.maximumGradientNorm = maximumGradientNorm
    }
  }

  /// Parameters of one item of parallel work, and of one partial sum of the norm.
  private static let block = 1 << 16
  /// The value that `torch.nn.utils.clip_grad_norm_` adds to the norm.
  private static let normFloor = 1e-6

  package let settings: Settings
  /// m and v, in the parameters' layout.
  let firstMoments, secondMoments: FloatBuffer
  /// Steps taken.
  package internal(set) var stepCount = 0
  private let count: Int

  package init(_ settings: Settings, count: Int) {
    self.settings = settings
    self.count = count
    firstMoments = FloatBuffer(count: count)
    secondMoments = FloatBuffer(count: count)
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
    let constants = constants(scale: scale, learningRate: learningRate)
    forEachBlock(pool) { range in
      tk_adamw_step(
        parameters.pointer + range.lowerBound, gradients.pointer + range.lowerBound,
        self.firstMoments.pointer + range.lowerBound,
        self.secondMoments.pointer + range.lowerBound, Int32(range.count), constants)
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

  private func forEachBlock(_ pool: ThreadPool, _ body: (Range<Int>) -> Void) {
    pool.run((count + Self.block - 1) / Self.block) { block, _ in
      body(block * Self.block..<min((block + 1) * Self.block, self.count))
    }
  }
}
