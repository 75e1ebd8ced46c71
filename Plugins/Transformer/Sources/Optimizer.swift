import FulcrumKernel

/// Moves parameters along an accumulated gradient: `AdamW` or `GradientAscent`.
package protocol Optimizer: AnyObject {
  /// The value of the parameter `optimizer` that names it; its files hold the same.
  static var choice: OptimizerChoice { get }

  /// The number of steps taken.
  var stepCount: Int { get }
  /// The means of earlier gradients that it keeps, in the parameters' layout, under PyTorch's
  /// names.
  var moments: [OptimizerMoment] { get }

  /// Takes one step along `gradients`.
  ///
  /// - Precondition: both hold as many floats as the optimiser was made for.
  /// - Throws: `.notFinite` if a gradient is not; nothing has changed then.
  func step(
    _ parameters: FloatBuffer, gradients: FloatBuffer, learningRate: Double, pool: ThreadPool
  ) throws(FulcrumError) -> GradientReport
}

/// Holds a mean of earlier gradients, or of their squares.
package struct OptimizerMoment {
  /// The text before the parameters' names in files.
  let prefix: String
  package let values: FloatBuffer
}

/// Lists the optimisers, by the words of the parameter `optimizer`.
package enum OptimizerChoice: String, CaseIterable, Sendable {
  case adamw, sgd

  /// The prefixes of the moments' names in files: PyTorch's.
  var momentPrefixes: [String] {
    switch self {
    case .adamw: ["exp_avg.", "exp_avg_sq."]
    case .sgd: []
    }
  }
}

/// Holds the constants of all optimisers; each reads its own.
package struct OptimizerSettings: Sendable {
  package var choice: OptimizerChoice
  /// The constants of AdamW alone.
  package var beta1, beta2, epsilon: Double
  /// The weight decay λ, on every parameter but those of `undecayed`.
  package var weightDecay: Double
  package var undecayed: Set<ParameterGroup>
  /// The largest global norm of a gradient; 0: no limit.
  package var maximumGradientNorm: Double

  package init(
    choice: OptimizerChoice = .adamw, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double, undecayed: Set<ParameterGroup> = [],
    maximumGradientNorm: Double
  ) {
    self.choice = choice
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.undecayed = undecayed
    self.maximumGradientNorm = maximumGradientNorm
  }

  /// Makes an optimiser of a table's parameters.
  ///
  /// - Parameters:
  ///   - moments: as many as the choice has, each for all parameters; `nil`: zeros.
  ///   - stepCount: the number of steps taken.
  func makeOptimizer(
    for table: ParameterTable, moments: [FloatBuffer]? = nil, stepCount: Int = 0
  ) -> any Optimizer {
    let segments = ParameterSegments(
      count: table.floatCount, undecayed: table.ranges(of: undecayed))
    switch choice {
    case .adamw:
      let moments = moments ?? (0..<2).map { _ in FloatBuffer(count: table.floatCount) }
      return AdamW(
        self, firstMoments: moments[0], secondMoments: moments[1], stepCount: stepCount, segments)
    case .sgd:
      return GradientAscent(self, stepCount: stepCount, segments)
    }
  }
}
