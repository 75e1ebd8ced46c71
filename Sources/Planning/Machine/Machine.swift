/// Holds what is known of a machine: the coefficients of the costs of a step.
package struct Machine: Sendable, Equatable {
  /// Says where the coefficients come from.
  package enum Source: String, Sendable, CaseIterable {
    /// Timed on such a machine.
    case measured
    /// A vendor's data sheet, times shares that nobody measured here.
    case assumed
  }

  package var name: String
  package var source: Source
  package var isGPU: Bool
  /// Bytes of a device; of a node where ranks share a processor.
  package var memory: Double
  /// The cores of a node, which its ranks share; 0: each rank has a device of its own.
  package var cores: Int
  /// A core's work while all threads of one rank are busy, as a share of what it does alone; the same
  /// with as many ranks as cores.
  package var threadShare: Double
  package var rankShare: Double
  /// The operations a second of matrix products that the efficiency is a share of, of a core or device.
  package var peak: PrecisionRate
  package var scoring: PassRates
  package var training: PassRates
  package var sampling: StepRates
  /// Seconds of an optimiser step, and bytes that it moves a second.
  package var optimizerStep: Double
  package var optimizerBytes: Double
  /// The share of FSDP's collectives that can hide behind a pass's computing.
  package var overlap: Double
  package var within: Link
  package var between: Link
  /// Bytes a second of weights on their way to a sampler of its own.
  package var transfer: Double
  /// What a sampler of its own takes for a step; `nil`: not known.
  package var server: StepRates?
}

/// Says how the ranks of a plan stand on the machine.
package struct Layout: Sendable, Equatable {
  package let nodes: Int
  /// Ranks of a node: GPUs, or processes that share its cores.
  package let ranksOfNode: Int

  package init(nodes: Int, ranksOfNode: Int) {
    self.nodes = nodes
    self.ranksOfNode = ranksOfNode
  }

  package var ranks: Int { nodes * ranksOfNode }
}

extension Machine {
  /// Returns the rate of a rank beside that of one core or device that is alone.
  ///
  /// - Parameter threads: of a rank; 0: as many cores as there are for each.
  package func speed(_ layout: Layout, threads: Int = 0) -> Double {
    guard cores > 0 else { return 1 }
    let own = threads > 0 ? threads : max(1, cores / layout.ranksOfNode)
    let busy = min(cores, own * layout.ranksOfNode)
    // Between one busy core and all of them the share falls evenly.
    let least = layout.ranksOfNode > 1 ? rankShare : threadShare
    let share = cores > 1 ? 1 - (1 - least) * Double(busy - 1) / Double(cores - 1) : 1
    return Double(min(own, cores)) * share
  }

  /// Returns how much slower ranks are that have less than a core each: 1 or more.
  package func crowding(_ layout: Layout) -> Double {
    cores > 0 ? max(1, Double(layout.ranksOfNode) / Double(cores)) : 1
  }

  /// Returns the seconds until all ranks of a node are done, of which each would take some time with a core
  /// of its own: those that end leave their cores to others.
  ///
  /// - Parameter seconds: of each rank of one node.
  package func end(of seconds: [Double]) -> Double {
    guard cores > 0, seconds.count > cores else { return seconds.max() ?? 0 }
    var now = 0.0
    var done = 0.0
    for (index, own) in seconds.sorted().enumerated() {
      let left = seconds.count - index
      now += (own - done) * max(1, Double(left) / Double(cores))
      done = own
    }
    return now
  }
}
