import Foundation
import FulcrumKernel
import PluginChecks
import PluginHost

/// The process that loads plugins and calls their methods. It may die in any of them.
package struct MethodWorker {
  private let search: MethodSearch
  /// Where messages go: a descriptor that no plugin knows.
  private let output: Int32

  package init(_ search: MethodSearch, output: Int32) {
    (self.search, self.output) = (search, output)
  }

  /// Tries the methods from a place in the plan on. The process ends with it.
  package func run(from first: Int) -> Never {
    CheckLimits.apply()
    do throws(FulcrumError) {
      let candidates = try search.candidates { message in tell(message) }
      tell(.plan(candidates.map(\.method)))
      for (index, candidate) in candidates.enumerated() where index >= first {
        tell(.begin(index))
        tell(.end(index, candidate.tried()))
      }
      tell(.done)
    } catch {
      tell(.wrongRequest(Method.Failure(error)))
    }
    // No destructors: what they might do is no part of the work.
    _exit(0)
  }

  private func tell(_ message: MethodMessage) { message.write(to: output) }
}
