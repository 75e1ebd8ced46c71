import FulcrumKernel
import YAML

/// Gathers all that is wrong with a configuration, for one message.
package struct ConfigurationFaults {
  private let tree: ConfigurationTree
  /// The faults, each with its place, and the line by which they are ordered.
  private var faults: [(line: Int, fault: FulcrumError)] = []

  package init(_ tree: ConfigurationTree) { self.tree = tree }

  package var isEmpty: Bool { faults.isEmpty }

  /// - Parameter fault: located by its key path.
  package mutating func add(_ fault: FulcrumError) {
    let line = fault.location.flatMap { tree.line(of: $0) } ?? .max
    faults.append((line, tree.placed(fault)))
  }

  package mutating func add(_ more: [FulcrumError]) {
    for fault in more { add(fault) }
  }

  /// Adds those faults of a variant of the configuration that the configuration itself doesn't have.
  ///
  /// - Parameter path: the key path of the variant in the configuration.
  package mutating func add(_ variant: ConfigurationFaults, at path: String) {
    for (_, fault) in variant.faults { add(placed: fault, at: path) }
  }

  /// Adds a fault that has its place already, unless there is the same.
  ///
  /// - Parameter path: the key path by which it is ordered.
  package mutating func add(placed fault: FulcrumError, at path: String) {
    guard !faults.contains(where: { $0.fault.description == fault.description }) else { return }
    faults.append((tree.line(of: path) ?? .max, fault))
  }

  /// Runs some work, and keeps its error, located by its key path.
  package mutating func gather<Result>(_ work: () throws(FulcrumError) -> Result) -> Result? {
    do throws(FulcrumError) {
      return try work()
    } catch {
      add(error)
      return nil
    }
  }

  /// - Throws: the only fault as it is; several as one error with a line for each, in the order of the
  ///   file, and their number.
  package func check() throws(FulcrumError) {
    let ordered = faults.enumerated().sorted {
      ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
    }.map(\.element.fault)
    if let error = Self.joined(ordered) { throw error }
  }

  /// Returns faults as one error; `nil`: there are none.
  static func joined(_ faults: [FulcrumError]) -> FulcrumError? {
    guard faults.count > 1 else { return faults.first }
    let lines = faults.map(Self.line) + ["\(faults.count) faults"]
    return FulcrumError(.configuration, lines.joined(separator: "\n"))
  }

  /// Writes an error and its remedy on one line.
  private static func line(_ error: FulcrumError) -> String {
    let text = (error.location.map { "\($0): " } ?? "") + error.message
    return (text + (error.hint.map { "; \($0)" } ?? "")).split(separator: "\n")
      .map { $0.trimmingPrefix { $0 == " " } }.joined(separator: " ")
  }
}
