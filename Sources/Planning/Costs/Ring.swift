/// Holds ranks that pass on pieces in a ring.
///
/// - Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations",
///   2009; the same count is behind NCCL's bus bandwidth.
package struct Ring: Sendable, Equatable {
  package let ranks: Int
  package let link: Link

  package init(ranks: Int, link: Link) {
    self.ranks = ranks
    self.link = link
  }

  /// Returns the seconds until every rank has all parts of `bytes` bytes.
  package func gather(bytes: Double) -> Double {
    let steps = Double(ranks - 1)
    return steps * link.latency + steps / Double(ranks) * bytes / link.bandwidth
  }

  /// Returns the seconds until every rank has its part of the sum of `bytes` bytes.
  package func scatterSum(bytes: Double) -> Double { gather(bytes: bytes) }

  /// Returns the seconds until every rank has the whole sum.
  package func sum(bytes: Double) -> Double { 2 * gather(bytes: bytes) }
}

extension Machine {
  /// Returns the ring of all ranks. A node's ring enters and leaves it once, so it is as fast as the slower
  /// of a rank's link and a node's.
  package func ring(_ layout: Layout) -> Ring {
    // Ranks that share cores also share what the cores copy.
    let crowding = crowding(layout)
    var link = Link(bandwidth: within.bandwidth / crowding, latency: within.latency * crowding)
    if layout.nodes > 1 {
      let outside = Double(layout.nodes) / Double(layout.ranks)
      link.bandwidth =
        layout.ranksOfNode > 1
        ? min(link.bandwidth, between.bandwidth) : between.bandwidth
      // Of the ring's steps only those over a node's edge take the longer.
      link.latency = (1 - outside) * link.latency + outside * between.latency
    }
    return Ring(ranks: layout.ranks, link: link)
  }
}
