import FulcrumKernel
import YAML

/// Gathers all that is wrong with a configuration, for one message.
package struct ConfigurationFaults {
  private let tree: ConfigurationTree
  /// The faults, each at its key path.
  private var faults: [FulcrumError] = []

  package init(_ tree: ConfigurationTree) { self.tree = tree }

  package var isEmpty: Bool { faults.isEmpty }

  /// - Parameter fault: located by its key path.
  package mutating func add(_ fault: FulcrumError) { faults.append(fault) }

  package mutating func add(_ more: [FulcrumError]) { faults += more }

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
      (line(of: $0.element), $0.offset) < (line(of: $1.element), $1.offset)
    }.map { tree.placed($0.element) }
    guard let first = ordered.first else { return }
    guard ordered.count > 1 else { throw first }
    let lines = ordered.map(Self.line) + ["\(ordered.count) faults"]
    throw FulcrumError(.configuration, lines.joined(separator: "\n"))
  }

  private func line(of fault: FulcrumError) -> Int {
    fault.location.flatMap { tree.line(of: $0) } ?? .max
  }

  /// Writes an error and its remedy on one line.
  private static func line(_ error: FulcrumError) -> String {
    let text = (error.location.map { "\($0): " } ?? "") + error.message
    return (text + (error.hint.map { "; \($0)" } ?? "")).split(separator: "\n")
      .map { $0.trimmingPrefix { $0 == " " } }.joined(separator: " ")
  }
}
