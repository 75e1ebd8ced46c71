/// The optimiser that takes the updates under the microscope.
package enum OptimizerChoice: String, CaseIterable, Codable, Sendable {
  /// Plain ascent: θ ← θ + learning rate · gradient.
  case sgd
  /// The policy's own, as configured.
  case adamw
}
