/// Holds what a component says about itself. The host prints it and checks configurations by it.
public struct ComponentManual: Sendable {
  /// The name in configurations: lower case, words joined by hyphens.
  public let name: String
  /// One line: what it does, with its formula if that fits.
  public let summary: String
  /// The paper, section or equation that it implements.
  public let source: String
  /// What becomes of a token's weight, or of its advantage, in one line: `w = r A where r is in the clip, else 0`.
  ///
  /// Symbols: π and p = π_old the token's probability, r = π/p, A its advantage, H the entropy at its
  /// place, σ the logistic function; w is the weight on ∇ log π before the aggregation's share. Empty:
  /// the component says nothing of it.
  public let formula: String
  public let parameters: [Parameter]

  public init(name: String, summary: String, source: String, parameters: [Parameter] = []) {
    self.init(name: name, summary: summary, source: source, formula: "", parameters: parameters)
  }

  /// A manual with the formula, for the table that `fulcrum methods` makes.
  public init(
    name: String, summary: String, source: String, formula: String, parameters: [Parameter] = []
  ) {
    self.name = name
    self.summary = summary
    self.source = source
    self.formula = formula
    self.parameters = parameters
  }
}

/// Holds what the run gives to a component that it makes.
public struct ComponentContext: Sendable {
  /// The run's seed. Every draw is a function of it and of counters (see `CounterRandom`).
  public let seed: UInt64
  /// The number of threads that the component may keep busy. Results must not depend on it.
  public let threads: Int

  public init(seed: UInt64 = 0, threads: Int = 1) {
    self.seed = seed
    self.threads = max(1, threads)
  }
}

/// The root of all that a plugin can register.
///
/// A run makes one instance for each place in its configuration that names the component, when it
/// starts, and keeps it to the end; a place that asks for several policies (a reference read from
/// another checkpoint) is several places. An instance is called from one thread at a time unless its
/// protocol says otherwise.
///
/// A thing that not every component of a kind can do is a protocol of its own, a capability, which refines the
/// kind's; the host asks an instance or a type for it with `as?`.
public protocol Component: SendableMetatype {
  static var manual: ComponentManual { get }

  /// - Throws: `.parameter` for what the manual's ranges can't express.
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError)
}
