import Foundation
import FulcrumKernel
import PluginHost

/// The process that loads libraries to tell what they have. It may die in any of them.
package struct SurveyWorker {
  private let paths: [String]
  /// Makes a host that has loaded nothing: what one library has is no matter of another's.
  private let host: () -> PluginHost
  private let output: Int32

  /// - Parameters:
  ///   - paths: the libraries, in order.
  ///   - output: where messages go.
  package init(_ paths: [String], output: Int32, host: @escaping () -> PluginHost) {
    (self.paths, self.output, self.host) = (paths, output, host)
  }

  /// Loads each library. The process ends with it.
  package func run() -> Never {
    CheckLimits.apply()
    for (index, path) in paths.enumerated() {
      tell(.begin(index))
      // Should nobody watch any more, an endless loop still has an end.
      alarm(UInt32(CheckLimits.seconds) * 2)
      do throws(FulcrumError) {
        let plugin = try host().load(path)
        let components = plugin.components.map {
          SurveyMessage.Component(kind: $0.kind.rawValue, name: $0.manual.name)
        }
        tell(.end(index, components))
      } catch {
        tell(.refused(index, error.sentence))
      }
    }
    // No destructors: what they might do is no part of the work.
    _exit(0)
  }

  private func tell(_ message: SurveyMessage) { message.write(to: output) }
}

/// A message of the process that loads libraries: one JSON object a line.
enum SurveyMessage: WorkerMessage {
  struct Component: Codable {
    let kind: String
    let name: String
  }

  /// The library of this place in the request is loaded from now on.
  case begin(Int)
  case end(Int, [Component])
  case refused(Int, String)
}
