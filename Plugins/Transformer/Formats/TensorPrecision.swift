/// Names the precision in which a checkpoint stores its numbers.
package enum TensorPrecision: String, CaseIterable, Sendable {
  case f32, bf16, f16

  /// Returns the precision of a safetensors element type; `nil` for types that hold no weights.
  package init?(_ element: TensorElement) {
    guard let precision = Self.allCases.first(where: { $0.element == element }) else { return nil }
    self = precision
  }

  /// The name in `config.json`.
  package var huggingFaceName: String {
    switch self {
    case .f32: "float32"
    case .bf16: "bfloat16"
    case .f16: "float16"
    }
  }

  /// The name in a safetensors header.
  package var element: TensorElement {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    }
  }
}

/// Names an element type of the safetensors format.
package enum TensorElement: String, CaseIterable, Sendable {
  case f32 = "F32"
  case bf16 = "BF16"
  case f16 = "F16"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"
  case i32 = "I32"
  case u32 = "U32"
  case i16 = "I16"
  case u16 = "U16"
  case i8 = "I8"
  case u8 = "U8"
  case bool = "BOOL"
  case f8e5m2 = "F8_E5M2"
  case f8e4m3 = "F8_E4M3"

  /// The number of bytes of an element.
  package var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool, .f8e5m2, .f8e4m3: 1
    }
  }
}

/// Converts the two 16-bit floating-point formats, as bit patterns.
package enum HalfPrecision {
  /// Returns the upper half of a float's bits, rounded to nearest, ties to even.
  ///
  /// - Numerics: a finite float above 3.3961775e38 becomes infinity; a NaN stays one.
  @inline(__always)
  package static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    // Rounding must not carry a NaN's mantissa away, so a NaN is cut off and made quiet.
    guard value == value else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    let roundingBias = 0x7FFF + (bits >> 16 & 1)
    return UInt16(truncatingIfNeeded: (bits &+ roundingBias) >> 16)
  }

  @inline(__always)
  /// Converts without rounding.
  package static func float(bfloat16 bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// Returns the bits of IEEE 754 binary16, rounded to nearest, ties to even.
  ///
  /// - Numerics: magnitudes from 65520 become infinity.
  @inline(__always)
  package static func float16(_ value: Float) -> UInt16 { Float16(value).bitPattern }

  @inline(__always)
  /// Converts without rounding.
  package static func float(float16 bits: UInt16) -> Float { Float(Float16(bitPattern: bits)) }
}
