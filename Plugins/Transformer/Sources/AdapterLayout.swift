import TransformerFormats

/// Gives each factor of an adapter its place in one flat array of floats.
///
/// A projection y = x Wᵀ with an adapter becomes y = x Wᵀ + s · (x Aᵀ) Bᵀ, A `[rank, inputs]` and B
/// `[outputs, rank]`. The A of projections with one input (query, key and value; gate and up) lie
/// one after the other, so that one product serves them all.
package struct AdapterLayout: Sendable, Equatable {
  /// Holds one projection's place within its site.
  struct Part: Sendable, Equatable {
    let projection: AdapterProjection
    /// The projection's first output among the site's, and the number of its outputs.
    let column, outputs: Int
    /// The first of its `rank` components among the site's.
    let place: Int
    /// The offset of B.
    let up: Int
  }

  /// Holds the adapted projections of one input.
  struct Site: Sendable, Equatable {
    let kind: SiteKind
    let inputs: Int
    /// The number of outputs of all its projections, adapted or not: the distance between rows.
    let outputs: Int
    /// The number of components of all its adapters: their ranks' sum.
    let components: Int
    /// The offset of the A, `[components, inputs]`.
    let down: Int
    let parts: [Part]
  }

  /// Lists the sites of a layer.
  enum SiteKind: Int, CaseIterable, Sendable {
    case queryKeyValue, output, gateUp, down

    var projections: [AdapterProjection] {
      switch self {
      case .queryKeyValue: [.query, .key, .value]
      case .output: [.output]
      case .gateUp: [.gate, .up]
      case .down: [.down]
      }
    }
  }

  package let rank: Int
  package let table: ParameterTable
  /// Each layer's sites, by `SiteKind.rawValue`; `nil`: no adapter there.
  private let sites: [[Site?]]

  /// - Parameter projections: each layer's projections that have an adapter.
  package init(_ shape: ModelShape, rank: Int, projections: [Set<AdapterProjection>]) {
    var builder = ParameterTable.Builder()
    sites = projections.enumerated().map { layer, adapted in
      SiteKind.allCases.map { kind in
        let own = kind.projections.filter(adapted.contains)
        guard !own.isEmpty else { return nil }
        let inputs = kind.projections[0].sizes(in: shape).inputs
        func add(
          _ projection: AdapterProjection, _ factor: AdapterProjection.Factor, _ sizes: [Int],
          _ initialization: ParameterLayout.Initialization, isAdjacent: Bool
        ) -> Int {
          builder.add(
            projection.tensorName(layer: layer, factor), sizes, initialization,
            isAdjacent: isAdjacent)
        }
        // Kaiming's bound for a = √5: √(6 / ((1 + a²) · inputs)), as peft begins A.
        let bound = 1 / Double(inputs).squareRoot()
        let downs = own.enumerated().map { index, projection in
          add(projection, .down, [rank, inputs], .uniform(bound), isAdjacent: index > 0)
        }
        var column = 0
        var parts: [Part] = []
        for projection in kind.projections {
          let outputs = projection.sizes(in: shape).outputs
          if adapted.contains(projection) {
            let up = add(projection, .up, [outputs, rank], .zeros, isAdjacent: false)
            parts.append(
              Part(
                projection: projection, column: column, outputs: outputs,
                place: parts.count * rank, up: up))
          }
          column += outputs
        }
        return Site(
          kind: kind, inputs: inputs, outputs: column, components: own.count * rank,
          down: downs[0], parts: parts)
      }
    }
    self.rank = rank
    table = builder.table
  }

  func site(_ kind: SiteKind, layer: Int) -> Site? { sites[layer][kind.rawValue] }

  /// All sites, layer by layer.
  var allSites: [Site] { sites.flatMap { $0.compactMap(\.self) } }

  /// All adapted projections, layer by layer.
  var allParts: [(layer: Int, site: Site, part: Part)] {
    sites.enumerated().flatMap { layer, sites in
      sites.compactMap(\.self).flatMap { site in site.parts.map { (layer, site, $0) } }
    }
  }

  /// Returns the most components that a kind's sites have.
  func components(_ kind: SiteKind) -> Int {
    sites.map { $0[kind.rawValue]?.components ?? 0 }.max() ?? 0
  }
}
