/// A policy that can write its accumulated gradient.
public protocol GradientExportPolicy: PolicyModel {
  /// Writes the accumulated gradient Σ w ∇ log π, as it is: a loss −Σ w log π has the gradient that
  /// weights of the other sign accumulate.
  ///
  /// - Parameter file: a safetensors file to write, F32 under the checkpoint's own names. A tensor
  ///   that serves twice (a tied head) occurs once, with the sum.
  func saveGradient(to file: String) throws(FulcrumError)
}
