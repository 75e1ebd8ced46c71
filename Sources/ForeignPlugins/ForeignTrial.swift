import Foundation
import FulcrumKernel
import PluginHost

/// Runs a manifest's worked examples: in a process of its own, which the library may take down.
package struct ForeignTrial {
  private let manifest: ForeignManifest
  private let address: UnsafeMutableRawPointer
  private let report: Int32

  /// Maps the library, runs every example, and says how it went.
  ///
  /// - Parameter report: the descriptor that the parent reads. The library doesn't know it.
  /// - Throws: what reading the manifest throws: the parent has read it before.
  package static func run(manifest path: String, report: Int32) throws(FulcrumError) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)

    let inspection = try ForeignLibraries().inspect(path: path)
    guard let manifest = inspection.manifest, let library = inspection.library else {
      throw .refusal(of: path, inspection.faults)
    }
    say(report, ForeignReport.next, "loading")
    do throws(PluginFault) {
      let address = try manifest.load(library.path)
      let trial = ForeignTrial(manifest: manifest, address: address, report: report)
      GuardFault.report(to: report)
      try trial.run()
      say(report, ForeignReport.sound)
    } catch {
      say(report, ForeignReport.fault, error.message)
      say(report, ForeignReport.hint, error.hint)
    }
  }

  private static func say(_ descriptor: Int32, _ word: String, _ text: String = "") {
    var line = "\(word) \(text.replacing("\n", with: " "))\n"
    line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
  }

  private func run() throws(PluginFault) {
    for edge in [ForeignMemory.Edge.end, .beginning] {
      for (index, example) in manifest.examples.enumerated() {
        Self.say(report, ForeignReport.next, "\(index) \(edge.rawValue)")
        let results: [[Double]]
        do throws(FulcrumError) {
          results = try self.results(of: example, edge: edge)
        } catch {
          throw PluginFault(
            "\(ForeignManifest.label(index, example)): \(error.message)",
            hint: error.hint ?? "correct the library or the example")
        }
        try compare(results, with: example, index)
      }
    }
  }

  private func compare(
    _ results: [[Double]], with example: ForeignExample, _ index: Int
  ) throws(PluginFault) {
    for (expectation, values) in zip(example.expectations, results) {
      for (place, pair) in zip(expectation.values, values).enumerated() {
        let (expected, got) = pair
        // Written so that a NaN fails too.
        if abs(got - expected) <= example.tolerance { continue }
        let name = expectation.name + (manifest.kind == .reward ? "" : "[\(place)]")
        throw PluginFault(
          "\(ForeignManifest.label(index, example)): expected \(name) = \(expected) within"
            + " \(example.tolerance), got \(got)",
          hint: "check the order and types of 'arguments' against the function"
            + " '\(manifest.prototype)', then the example")
      }
    }
  }

  /// Returns what the component gives, in the order of the example's expectations.
  private func results(
    of example: ForeignExample, edge: ForeignMemory.Edge
  ) throws(FulcrumError) -> [[Double]] {
    let parameters = try Parameters(
      example.parameters, for: manifest.manual.parameters, at: "given.parameters")
    let component = try manifest.component(
      address: address, edge: edge, parameters, ComponentContext(seed: example.seed))
    switch (example.given, component) {
    case (.sample(let sample), let reward as any RewardFn):
      return [[try reward.score(sample).value ?? .nan]]
    case (.batch(let given), let transform as any AdvantageTransform):
      var advantages = given.floats(.advantages, count: given.tokenCount)
      var span = advantages.mutableSpan
      try transform.transform(&span, of: given.rolloutBatch)
      return [advantages.map { Double($0) }]
    case (.batch(let given), let scheduler as any UpdateScheduler):
      let advantages = given.floats(.advantages, count: given.tokenCount)
      return try scheduler.phases(for: given.rolloutBatch, advantages: advantages.span).map {
        ($0.participates ?? []).map { $0 ? 1 : 0 }
      }
    case (.batch(let given), let objective as any PolicyObjective):
      return try weigh(given, objective)
    default: return []
    }
  }

  private func weigh(
    _ given: ExampleBatch, _ objective: any PolicyObjective
  ) throws(FulcrumError) -> [[Double]] {
    let count = given.tokenCount
    func column(_ quantity: ForeignQuantity) -> [Float] { given.floats(quantity, count: count) }
    let current = column(.logProbabilities)
    let entropies = column(.entropies)
    let levers = column(.levers)
    let advantages = column(.advantages)
    var store = ColumnStore(tokenCount: count)
    var further: [TokenStatistic: [Float]] = [:]
    for (column, values) in given.columns(of: .policyObjective) {
      if column.policy == .current {
        further[column.statistic] = values
      } else {
        store.set(column, values)
      }
    }
    let columns = store
    let statistics = Array(further.keys)
    let flat = statistics.flatMap { further[$0] ?? [] }
    let offsets = given.lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    let shares = given.arrays[.shares] ?? []
    var weights = [Float](repeating: 0, count: count)
    var losses = weights
    var metrics = MetricSums()
    let scores = TokenScores(
      logProbabilities: current.span, entropies: entropies.span, levers: levers.span,
      statistics: statistics, further: flat.span)
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span, columns: columns.slice(0..<count),
      offsets: offsets.span, firstSequence: 0, groupOffsets: Span(),
      minibatchTokenCount: given.minibatchTokenCount,
      minibatchSequenceCount: given.minibatchSequenceCount, shares: shares.span, survey: Span(),
      step: given.step, update: given.update)
    var weightSpan = weights.mutableSpan
    var lossSpan = losses.mutableSpan
    try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
    return [weights.map { Double($0) }, losses.map { Double($0) }]
  }
}

extension ForeignManifest {
  /// Returns the name of an example for messages: `example 1 (line 17)`.
  static func label(_ index: Int, _ example: ForeignExample) -> String {
    "example \(index + 1)" + (example.line.map { " (line \($0))" } ?? "")
  }
}
