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
package final class AdamW: Optimizer {
  package static let choice = OptimizerChoice.adamw

  private let settings: OptimizerSettings
  /// The moments m and v, in the parameters' layout.
  package let firstMoments, secondMoments: FloatBuffer
  package private(set) var stepCount: Int
  private let segments: ParameterSegments

  package var moments: [OptimizerMoment] {
    zip(Self.choice.momentPrefixes, [firstMoments, secondMoments]).map {
      OptimizerMoment(prefix: $0, values: $1)
    }
  }

  /// Makes an optimiser that has taken no step yet.
  ///
  /// - Parameters:
  ///   - count: the number of all parameters.
  ///   - undecayed: the ranges of those that don't decay, ascending.
  package convenience init(
    _ settings: OptimizerSettings, count: Int, undecayed: [Range<Int>] = []
  ) {
    self.init(
      settings, firstMoments: FloatBuffer(count: count), secondMoments: FloatBuffer(count: count),
      stepCount: 0, ParameterSegments(count: count, undecayed: undecayed))
  }

  /// - Precondition: both moments have as many floats as there are parameters.
  init(
    _ settings: OptimizerSettings, firstMoments: FloatBuffer, secondMoments: FloatBuffer,
    stepCount: Int, _ segments: ParameterSegments
  ) {
    self.settings = settings
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    self.stepCount = stepCount
    self.segments = segments
  }

  package func step(
    _ parameters: FloatBuffer, gradients: FloatBuffer, learningRate: Double, pool: ThreadPool
  ) throws(FulcrumError) -> GradientReport {
    precondition(
      parameters.count >= segments.count && gradients.count >= segments.count,
      "one model's buffers")
    let clip = try GradientClip(
      gradients, segments, limit: settings.maximumGradientNorm, pool: pool)
    stepCount += 1
    let decaying = constants(scale: clip.scale, learningRate: learningRate)
    var staying = decaying
    staying.decay = 1
    let undecaying = staying
    segments.run(pool) { segment in
      let first = segment.range.lowerBound
      tk_adamw_step(
        parameters.pointer + first, gradients.pointer + first, self.firstMoments.pointer + first,
        self.secondMoments.pointer + first, Int32(segment.range.count),
        segment.decays ? decaying : undecaying)
    }
    return clip.report
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
}
