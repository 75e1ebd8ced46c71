import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

extension Fixtures {
  /// Adapters that peft made on `checkpoints`, with what peft makes of them: all projections; some,
  /// scaled by alpha / √rank; some of the second layer alone.
  static func adapter(_ name: String) -> String { checkpoint("lora/" + name) }

  /// Saves a policy as a base, opens it with adapters far from zero, and gives that to `body`.
  static func withAdapted(
    _ base: TransformerPolicy, threads: Int = 1, more: [String: ParameterValue] = [:],
    _ body: (_ policy: TransformerPolicy, _ folder: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      try base.save(to: folder)
      let policy = try adapted(folder, threads: threads, more: more)
      policy.varyAdapters()
      try body(policy, folder)
    }
  }

  /// A policy with fresh adapters.
  static func adapted(
    _ folder: String, threads: Int = 1, more: [String: ParameterValue] = [:]
  ) throws -> TransformerPolicy {
    try policy(
      ["checkpoint": .text(folder), "lora-rank": .integer(3), "lora-alpha": .number(4.5)]
        .merging(more) { $1 }, threads: threads)
  }
}

extension TransformerPolicy {
  /// Sets every B to numbers between -0.25 and 0.25.
  func varyAdapters() {
    guard let adapter = network?.adapter else { return }
    for tensor in adapter.layout.table.tensors where tensor.name.contains("lora_B") {
      for (i, place) in tensor.range.enumerated() {
        adapter.parameters.pointer[place] = Float((i * 29 + tensor.offset) % 41 - 20) / 80
      }
    }
    network?.parametersChanged()
  }

  /// What is trained, as bits.
  var trainedBits: [UInt32] {
    guard let network else { return [] }
    return network.trainedTable.tensors.flatMap { tensor in
      tensor.range.map { network.trained.pointer[$0].bitPattern }
    }
  }
}
