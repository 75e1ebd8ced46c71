internal import CFFI
import FulcrumKernel
import PluginHost

/// The C types that a foreign function's arguments may have: a closed list.
enum ForeignType: String, Sendable, CaseIterable {
  /// `int32_t`.
  case i32
  /// `int64_t`.
  case i64
  /// `float`.
  case f32
  /// `double`.
  case f64
  /// `const char *`: UTF-8, ended by a NUL, a copy that is gone when the function returns.
  case utf8
  /// `const float *`.
  case f32In = "const f32*"
  /// `const double *`.
  case f64In = "const f64*"
  /// `const int32_t *`.
  case i32In = "const i32*"
  /// `const int64_t *`.
  case i64In = "const i64*"
  /// `float *`, written by the function.
  case f32Out = "f32*"
  /// `double *`, written by the function.
  case f64Out = "f64*"
  /// `int32_t *`, written by the function.
  case i32Out = "i32*"
  /// A pointer to a function.
  case callback

  /// Whether the function may write to what it points to.
  var isWritable: Bool { [.f32Out, .f64Out, .i32Out].contains(self) }

  /// The bytes of one value of an array; `nil`: no array.
  var elementSize: Int? {
    switch self {
    case .f32In, .i32In, .f32Out, .i32Out: 4
    case .f64In, .i64In, .f64Out: 8
    case .i32, .i64, .f32, .f64, .utf8, .callback: nil
    }
  }

  /// The type by which libffi passes it.
  var passing: UnsafeMutablePointer<ffi_type>? {
    switch self {
    case .i32: fulcrum_ffi_i32()
    case .i64: fulcrum_ffi_i64()
    case .f32: fulcrum_ffi_f32()
    case .f64: fulcrum_ffi_f64()
    case .utf8, .f32In, .f64In, .i32In, .i64In, .f32Out, .f64Out, .i32Out, .callback:
      fulcrum_ffi_pointer()
    }
  }
}

/// The types that a foreign function may return: a closed list.
enum ForeignReturn: String, Sendable, CaseIterable {
  /// `double`: a reward.
  case f64
  /// `float`: a reward.
  case f32
  /// `int32_t`: 0 if all went well.
  case status
  /// `void`.
  case nothing

  var passing: UnsafeMutablePointer<ffi_type>? {
    switch self {
    case .f64: fulcrum_ffi_f64()
    case .f32: fulcrum_ffi_f32()
    case .status: fulcrum_ffi_i32()
    case .nothing: fulcrum_ffi_void()
    }
  }

  /// Returns the types that a component of a kind may return.
  static func choices(for kind: HostComponent.Kind) -> [ForeignReturn] {
    kind == .reward ? [.f64, .f32, .status] : [.status, .nothing]
  }
}
