import FulcrumKernel
import TransformerKernels

/// Names the library that multiplies rows by weight matrices, and its precision.
///
/// With each of them, a row's bits depend on that row alone. Attention's small products, norms,
/// sums and the optimiser are in f32 always.
package enum ProductBackEnd: Sendable, Equatable {
  case openBLAS
  case oneDNN(Precision)

  /// Names the precision of the factors; sums are in f32.
  package enum Precision: String, Sendable, CaseIterable {
    case f32, bf16

    var element: tk_element { self == .f32 ? TK_F32 : TK_BF16 }
  }

  /// Lists the values of the parameter `products`.
  package enum Choice: String, Sendable, CaseIterable {
    /// oneDNN if it is installed, else OpenBLAS.
    case automatic
    case openBLAS = "openblas"
    case oneDNN = "onednn"
  }

  /// - Throws: `.unsupported` if oneDNN is needed and not there.
  package static func choose(
    _ choice: Choice, _ precision: Precision
  ) throws(FulcrumError) -> ProductBackEnd {
    let hint = "install libdnnl2 and libdnnl-dev, and build the plugin again"
    if choice == .openBLAS || (choice == .automatic && precision == .f32 && !hasOneDNN(.f32)) {
      guard precision == .f32 else {
        throw FulcrumError(
          .unsupported, "expected precision f32 with OpenBLAS, got \(precision.rawValue)",
          at: "transformer", hint: "leave out the parameter 'products', or set it to onednn")
      }
      return .openBLAS
    }
    guard hasOneDNN(precision) else {
      throw FulcrumError(
        .unsupported,
        tk_dnn_version() == 0
          ? "expected oneDNN 2 for products in \(precision.rawValue), found none"
          : "oneDNN has no products in \(precision.rawValue) for this processor",
        at: "transformer", hint: tk_dnn_version() == 0 ? hint : "use precision f32")
    }
    return .oneDNN(precision)
  }

  static func hasOneDNN(_ precision: Precision) -> Bool {
    tk_dnn_packed_bytes(64, 64, precision.element) > 0
  }

  /// The library, version and precision, on which bits depend.
  package var summary: String {
    switch self {
    case .openBLAS:
      return "f32 by OpenBLAS on \(MatrixProduct.coreName)"
    case .oneDNN(let precision):
      let version = tk_dnn_version()
      return "\(precision.rawValue) by oneDNN \(version / 10000).\(version / 100 % 100)"
        + ".\(version % 100)"
    }
  }

  /// The number of which forward products' row counts are multiples.
  var granule: Int { self == .openBLAS ? RowTiles.granule : 8 }

  var isHalf: Bool { self == .oneDNN(.bf16) }
}
