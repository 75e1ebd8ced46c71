import FulcrumKernel
import TransformerFormats
import TransformerKernels

/// Holds the low-rank adapters of a model's projections, which are trained in its weights' stead.
///
/// - Source: LoRA, arXiv 2106.09685, equation 3, as peft computes it.
package final class Adapter {
  /// What adapter_config.json says, and the path of the base.
  package let configuration: AdapterConfiguration
  package let layout: AdapterLayout
  /// The factor s of the product: alpha / rank.
  let scale: Float
  /// All A and B, flat.
  package let parameters: FloatBuffer
  /// Each site's A and each part's B transposed, at their own offsets: forward products read them
  /// along their rows.
  let transposed: FloatBuffer
  /// Whether a B differs from zero, after `refresh`. While none does, the model is its base, and
  /// forward passes leave the adapters out.
  private(set) var isActive = false
  private var isStale = true

  /// Makes adapters whose factors are all zero.
  package init(_ configuration: AdapterConfiguration, _ layout: AdapterLayout) {
    self.configuration = configuration
    self.layout = layout
    scale = Float(configuration.scale)
    parameters = FloatBuffer(count: layout.table.floatCount)
    transposed = FloatBuffer(count: layout.table.floatCount)
  }

  /// Returns adapters of the same values in memory of their own.
  func copy() -> Adapter {
    let copy = Adapter(configuration, layout)
    copy.parameters.pointer.update(from: parameters.pointer, count: layout.table.floatCount)
    return copy
  }

  /// Holds what one projection's adapter adds to its weight: s · B A.
  struct Part {
    let adapter: Adapter
    let up, down: Int
    let outputs, inputs: Int

    /// Returns weights plus the part, in memory of their own.
    ///
    /// - Parameter weights: `[outputs, inputs]`.
    func added(to weights: UnsafeBufferPointer<Float>) -> FloatBuffer {
      precondition(weights.count == outputs * inputs, "the projection's weights")
      let sum = FloatBuffer(count: weights.count)
      if let start = weights.baseAddress { sum.pointer.update(from: start, count: weights.count) }
      let values = adapter.parameters.pointer
      multiplyThin(
        values + up, stride: adapter.layout.rank, values + down, stride: inputs,
        into: sum.pointer, stride: inputs, rows: outputs, inner: adapter.layout.rank,
        columns: inputs, scale: adapter.scale, adds: true)
      return sum
    }
  }

  /// The parts by the names of the weights in the base.
  var parts: [String: Part] {
    var parts: [String: Part] = [:]
    for (layer, site, part) in layout.allParts {
      parts[part.projection.weightName(layer: layer)] = Part(
        adapter: self, up: part.up, down: site.down + part.place * site.inputs,
        outputs: part.outputs, inputs: site.inputs)
    }
    return parts
  }

  /// Says what is trained, for a line about the model.
  var summary: String {
    "LoRA of rank \(layout.rank) with \(layout.table.parameterCount) of them trained"
  }

  /// What is trained, and what of the model has adapters.
  var facts: [ModelFact] {
    let adapted = Set(layout.allParts.map(\.part.projection))
    return [
      ModelFact("trained", .integer(layout.table.parameterCount)),
      ModelFact("lora-rank", .integer(layout.rank)),
      ModelFact("lora-alpha", .number(configuration.alpha)),
      ModelFact(
        "lora-targets",
        .texts(AdapterProjection.allCases.filter(adapted.contains).map(\.rawValue))),
      ModelFact("base", .text(configuration.base)),
    ]
  }

  /// Notes that values were written. Call this after every change.
  func parametersChanged() { isStale = true }

  /// Readies the adapters for passes with their present values.
  func refresh(pool: ThreadPool) {
    guard isStale else { return }
    isStale = false
    let sites = layout.allSites
    let rank = layout.rank
    let (source, target) = (parameters.pointer, transposed.pointer)
    isActive = sites.contains { site in
      site.parts.contains { tk_is_zero(source + $0.up, Int32($0.outputs * rank)) == 0 }
    }
    pool.run(sites.count) { index, _ in
      let site = sites[index]
      tk_transpose(
        source + site.down, target + site.down, Int32(site.components), Int32(site.inputs))
      for part in site.parts {
        tk_transpose(source + part.up, target + part.up, Int32(part.outputs), Int32(rank))
      }
    }
  }
}
