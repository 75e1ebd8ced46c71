import TransformerKernels

/// Runs the adapters' products beside those of their projections: forward, and back.
///
/// With u = s · x Aᵀ and v = s · dy B: y ← y + u Bᵀ, dx ← dx + v A, dA = vᵀ x, dB = dyᵀ u. No matrix
/// of the base's size is made. A row of y has bits that depend on that row alone, with any library
/// of the large products: `tk_thin_product` sums in one order.
extension Network {
  /// Adds the adapters' part to a site's outputs.
  ///
  /// - Shape: x `[rows, inputs]`, y `[rows, outputs]`.
  func adapt(
    _ kind: AdapterLayout.SiteKind, layer: Int, _ x: UnsafePointer<Float>,
    into y: FloatBuffer.Pointer, rows: Int, _ scratch: WorkerScratch
  ) {
    guard let adapter, adapter.isActive, let site = adapter.layout.site(kind, layer: layer) else {
      return
    }
    let low = scratch.low.reserve(rows * site.components)
    adapter.reduce(site, x, into: low, rows: rows)
    let rank = adapter.layout.rank
    for part in site.parts {
      multiplyThin(
        low + part.place, stride: site.components, adapter.transposed.pointer + part.up,
        stride: part.outputs, into: y + part.column, stride: site.outputs, rows: rows,
        inner: rank, columns: part.outputs, adds: true)
    }
  }

  /// Adds the adapters' part to the gradient of a site's input, and keeps v for `addGradients`.
  ///
  /// - Shape: dy `[rows, outputs]`, dx `[rows, inputs]`.
  func adaptBack(
    _ kind: AdapterLayout.SiteKind, layer: Int, gradient dy: UnsafePointer<Float>,
    into dx: FloatBuffer.Pointer, first: Int, rows: Int
  ) {
    guard let adapter, let site = adapter.layout.site(kind, layer: layer) else { return }
    let gradient = backwardBuffers.lowGradients[kind.rawValue].pointer + first * site.components
    let rank = adapter.layout.rank
    for part in site.parts {
      multiplyThin(
        dy + part.column, stride: site.outputs, adapter.parameters.pointer + part.up,
        stride: rank, into: gradient + part.place, stride: site.components, rows: rows,
        inner: part.outputs, columns: rank, scale: adapter.scale)
    }
    multiplyThin(
      gradient, stride: site.components, adapter.parameters.pointer + site.down,
      stride: site.inputs, into: dx, stride: site.inputs, rows: rows, inner: site.components,
      columns: site.inputs, adds: true)
  }

  /// Computes a site's u again, and keeps it for `addGradients`.
  ///
  /// - Shape: x `[rows, inputs]`.
  func keepLow(
    _ kind: AdapterLayout.SiteKind, layer: Int, _ x: UnsafePointer<Float>, first: Int, rows: Int
  ) {
    guard let adapter, let site = adapter.layout.site(kind, layer: layer) else { return }
    adapter.reduce(
      site, x, into: backwardBuffers.lows[kind.rawValue].pointer + first * site.components,
      rows: rows)
  }

  /// Adds the products for dA and dB of a site to those that are shared out.
  ///
  /// - Parameters:
  ///   - dy: the gradient of the site's outputs, `[rows, outputs]`.
  ///   - x: the site's input, `[rows, inputs]`.
  ///   - gradients: the gradients of all adapters.
  func addGradients(
    _ kind: AdapterLayout.SiteKind, layer: Int, gradient dy: FloatBuffer.Pointer,
    input x: FloatBuffer.Pointer, into gradients: FloatBuffer.Pointer,
    to products: inout WeightGradients
  ) {
    guard let adapter, let site = adapter.layout.site(kind, layer: layer) else { return }
    products.add(
      outputs: site.components,
      gradient: (backwardBuffers.lowGradients[kind.rawValue].pointer, site.components),
      inputs: site.inputs, input: (x, site.inputs), into: gradients + site.down)
    let rank = adapter.layout.rank
    for part in site.parts {
      products.add(
        outputs: part.outputs, gradient: (dy + part.column, site.outputs), inputs: rank,
        input: (backwardBuffers.lows[kind.rawValue].pointer + part.place, site.components),
        into: gradients + part.up)
    }
  }
}

extension Adapter {
  /// Computes u = s · x Aᵀ, `[rows, components]`.
  fileprivate func reduce(
    _ site: AdapterLayout.Site, _ x: UnsafePointer<Float>, into low: FloatBuffer.Pointer, rows: Int
  ) {
    multiplyThin(
      x, stride: site.inputs, transposed.pointer + site.down, stride: site.components, into: low,
      stride: site.components, rows: rows, inner: site.inputs, columns: site.components,
      scale: scale)
  }
}

/// Computes y = scale · x w, or adds that to y.
///
/// - Shape: x `[rows, inner]`, w `[inner, columns]`, y `[rows, columns]`; strides are the distances
///   between rows.
func multiplyThin(
  _ x: UnsafePointer<Float>, stride xStride: Int, _ w: UnsafePointer<Float>, stride wStride: Int,
  into y: FloatBuffer.Pointer, stride yStride: Int, rows: Int, inner: Int, columns: Int,
  scale: Float = 1, adds: Bool = false
) {
  var product = tk_thin(
    rows: Int32(rows), inner: Int32(inner), columns: Int32(columns), x_stride: Int32(xStride),
    w_stride: Int32(wStride), y_stride: Int32(yStride), scale: scale, adds: adds ? 1 : 0)
  tk_thin_product(&product, x, w, y)
}
