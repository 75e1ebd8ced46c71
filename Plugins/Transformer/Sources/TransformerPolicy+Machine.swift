import FulcrumKernel
import TransformerKernels

/// Says which kernels serve this processor, on which bits depend, and how threads share out work.
extension TransformerPolicy: MachineDescribingPolicy {
  package static var machineFacts: [ModelFact] {
    MatrixProduct.prepare()
    let products = try? ProductBackEnd.choose(.automatic, .f32)
    return [
      ModelFact("openblas", .text("kernels for \(MatrixProduct.coreName)")),
      ModelFact("onednn", .text(oneDNN)),
      ModelFact("products", .text(products?.summary ?? "none")),
      ModelFact("sampled and trained log-probabilities", .text(agreement(products))),
    ] + WorkPlan.facts
  }

  private static var oneDNN: String {
    let version = tk_dnn_version()
    guard version != 0 else { return "version 2 is not installed, or was not when this was built" }
    let name = "\(version / 10000).\(version / 100 % 100).\(version % 100)"
    guard let text = tk_dnn_instructions().map({ String(cString: $0) }) else { return name }
    let prefix = "cpu_isa_"
    return "\(name), instructions "
      + (text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
  }

  /// Tells whether a token has the same log π in sampling and training, as the parameter `products`
  /// leaves it and with the other library.
  private static func agreement(_ products: ProductBackEnd?) -> String {
    let kernels = "OpenBLAS's kernels for \(MatrixProduct.coreName)"
    switch products {
    case .oneDNN? where MatrixProduct.rowsStandAlone: return "equal to the bit"
    case .oneDNN?:
      return
        "equal to the bit; not with 'products: openblas', as \(kernels) round a row by its place"
    case .openBLAS? where MatrixProduct.rowsStandAlone: return "equal to the bit"
    case .openBLAS?:
      let remedy =
        tk_dnn_version() == 0
        ? "to the bit with oneDNN: install libdnnl2 and libdnnl-dev, and build the plugin again"
        : "oneDNN has no products in f32 for this processor"
      return "equal up to rounding, as \(kernels) round a row by its place; \(remedy)"
    case nil: return "unknown"
    }
  }
}
