/// Holds seconds by what they are spent on.
package struct Cost: Sendable, Equatable {
  /// Lists what a step's time is spent on.
  package enum Part: String, Sendable, CaseIterable {
    /// Calls, kernels that are started, Python.
    case overhead
    case products = "matrix products"
    case attention
    case elements = "activations"
    case logits
    case gradients = "adding gradients"
    case weights = "reading weights"
    case cache = "keys and values"
    case optimizer = "optimiser's memory"
    case network
    /// Ranks that wait for the one with the most work.
    case waiting = "waiting for ranks"
    case rewards
  }

  private var values = [Double](repeating: 0, count: Part.allCases.count)

  package init(_ parts: [Part: Double] = [:]) {
    for (part, seconds) in parts { self[part] = seconds }
  }

  package subscript(part: Part) -> Double {
    get { values[Self.places[part] ?? 0] }
    set { values[Self.places[part] ?? 0] = newValue }
  }

  private static let places = Dictionary(
    uniqueKeysWithValues: Part.allCases.enumerated().map { ($1, $0) })

  package var seconds: Double { values.reduce(0, +) }

  /// The part that takes the most; `nil`: it takes no time.
  package var bound: Part? {
    Part.allCases.max { self[$0] < self[$1] }.flatMap { self[$0] > 0 ? $0 : nil }
  }

  package static func + (a: Cost, b: Cost) -> Cost {
    var sum = a
    for index in sum.values.indices { sum.values[index] += b.values[index] }
    return sum
  }

  package static func += (a: inout Cost, b: Cost) { a = a + b }

  package static func * (cost: Cost, factor: Double) -> Cost {
    var product = cost
    for index in product.values.indices { product.values[index] *= factor }
    return product
  }
}
