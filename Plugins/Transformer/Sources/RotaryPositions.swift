import Glibc
import TransformerFormats
import TransformerKernels

/// Rotates pairs of a head's components by angles that grow with the position.
///
/// - Source: RoFormer (arXiv 2104.09864), in the pairing (i, i + size/2) of Hugging Face's Llama.
final class RotaryPositions {
  private let half: Int
  /// The cosines, `[contextLength, headSize / 2]`, times the attention factor of scaled positions.
  private let cosines: FloatBuffer
  private let sines: FloatBuffer

  init(_ shape: ModelShape) {
    half = shape.headSize / 2
    cosines = FloatBuffer(count: shape.contextLength * half)
    sines = FloatBuffer(count: shape.contextLength * half)
    let frequencies = shape.ropeScaling.frequencies(
      headSize: shape.headSize, theta: shape.ropeTheta)
    let factor = shape.ropeScaling.attentionFactor
    for position in 0..<shape.contextLength {
      for i in 0..<half {
        let angle = Double(position) * frequencies[i]
        cosines.pointer[position * half + i] = Float(cos(angle) * factor)
        sines.pointer[position * half + i] = Float(sin(angle) * factor)
      }
    }
  }

  /// Rotates the first `heads` heads of each row in place.
  func rotate(
    _ rows: UnsafeMutablePointer<Float>, stride: Int, positions: UnsafePointer<Int32>, count: Int,
    heads: Int
  ) {
    tk_rotate(
      rows, Int32(stride), positions, Int32(count), Int32(heads), Int32(half), cosines.pointer,
      sines.pointer, 1)
  }

  /// Applies the transpose of `rotate`, for gradients.
  func rotateBack(
    _ rows: UnsafeMutablePointer<Float>, stride: Int, positions: UnsafePointer<Int32>, count: Int,
    heads: Int
  ) {
    tk_rotate(
      rows, Int32(stride), positions, Int32(count), Int32(heads), Int32(half), cosines.pointer,
      sines.pointer, -1)
  }
}
