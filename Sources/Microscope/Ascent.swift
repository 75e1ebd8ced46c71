import FulcrumKernel
import Settings

/// The optimiser that takes the updates under the microscope.
package enum OptimizerChoice: String, CaseIterable, Codable, Sendable {
  /// Plain ascent: θ ← θ + learning rate · gradient.
  case sgd
  /// The policy's own, as configured.
  case adamw
}

/// Holds how far an update goes along the gradient.
package struct Ascent: Sendable {
  let learningRate: Double
  /// A factor of the objectives' weights, and so of the gradient; the learning rate makes up for it.
  let gradientScale: Double

  /// - Parameter learningRate: for the gradient as it is, not scaled.
  package init(learningRate: Double, gradientScale: Double = 1) {
    self.learningRate = learningRate
    self.gradientScale = gradientScale
  }

  /// Parameters that turn AdamW into plain ascent.
  static let parameters: [(name: String, value: ParameterValue)] = [
    ("beta1", .number(0)), ("beta2", .number(0)), ("epsilon", .number(1)),
    ("weight-decay", .number(0)), ("max-gradient-norm", .number(0)),
  ]

  /// The gradient's factor s for plain ascent.
  ///
  /// AdamW without momentum, decay and clipping steps by η s g / (s |g| + ε) for a gradient s g. With
  /// ε = 1 and η = learning rate / s that is learning rate · g / (1 + s |g|): plain ascent, with a
  /// relative error of s |g| for each parameter. A power of two rounds nothing.
  package static let plainScale = 0x1p-20

  /// Returns the policy's choice with its optimiser made plain ascent.
  ///
  /// - Throws: `.unsupported` if it has not the parameters for it.
  package static func plain(_ choice: ComponentChoice, manual: ComponentManual)
    throws(FulcrumError) -> ComponentChoice
  {
    let known = Set(manual.parameters.map(\.name))
    var plain = choice
    for (name, value) in parameters {
      guard known.contains(name) else {
        throw FulcrumError(
          .unsupported,
          "expected a policy with the parameters "
            + parameters.map(\.name).joined(separator: ", ")
            + ", which make its optimiser plain ascent; \(manual.name) has no \(name)",
          at: "--optimizer sgd", hint: "--optimizer adamw takes the policy's own optimiser")
      }
      plain = plain.setting(name, to: value)
    }
    return plain
  }
}
