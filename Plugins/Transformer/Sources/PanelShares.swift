import TransformerKernels

/// Shares out the columns of one product among threads, in whole panels: each thread then reads only
/// its part of the weights.
///
/// This is the one split that depends on the number of threads. A column's bits don't depend on the
/// other columns.
struct PanelShares {
  /// The number of outputs of a panel.
  static let panel = Int(TK_PANEL)
  /// The most panels of a thread's share at a time: threads that have done theirs take another.
  private static let largestShare = 16

  private let outputs: Int
  /// The number of panels of a share.
  let panels: Int
  let count: Int

  init(outputs: Int, threads: Int) {
    self.outputs = outputs
    let all = (outputs + Self.panel - 1) / Self.panel
    let rounds = (all + Self.largestShare * threads - 1) / (Self.largestShare * threads)
    panels = (all + threads * rounds - 1) / (threads * rounds)
    count = (all + panels - 1) / panels
  }

  /// Returns a share's first column, and the number of its columns.
  subscript(share: Int) -> (first: Int, columns: Int) {
    let first = share * panels * Self.panel
    return (first, min(panels * Self.panel, outputs - first))
  }

  /// Cuts a matrix into the parts that are copied for products, one by one: 32 panels each.
  static func packedParts(outputs: Int) -> [Range<Int>] {
    stride(from: 0, to: outputs, by: 32 * panel).map { $0..<min($0 + 32 * panel, outputs) }
  }
}
