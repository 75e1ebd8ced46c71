import FulcrumKernel
import TransformerKernels

/// Ascends plainly: θ ← (1 − η λ) θ + η c · gradient, c the clipping factor.
///
/// The numbers are those of PyTorch's `SGD` without momentum and with its `weight_decay`, after
/// `clip_grad_norm_`. Without momentum, decay that is added to the gradient and decay that is apart
/// are the same. λ = 0 for parameters that are left out.
package final class GradientAscent: Optimizer {
  package static let choice = OptimizerChoice.sgd

  package private(set) var stepCount: Int
  package var moments: [OptimizerMoment] { [] }
  private let settings: OptimizerSettings
  private let segments: ParameterSegments

  init(_ settings: OptimizerSettings, stepCount: Int, _ segments: ParameterSegments) {
    self.settings = settings
    self.stepCount = stepCount
    self.segments = segments
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
      settings, stepCount: 0, ParameterSegments(count: count, undecayed: undecayed))
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
    let decay = Float(1 - learningRate * settings.weightDecay)
    let share = Float(learningRate * clip.scale)
    segments.run(pool) { segment in
      let first = segment.range.lowerBound
      tk_blend(
        gradients.pointer + first, parameters.pointer + first, Int32(segment.range.count),
        segment.decays ? decay : 1, share)
    }
    return clip.report
  }
}
