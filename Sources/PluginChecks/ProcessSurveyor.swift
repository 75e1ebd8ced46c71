import Files
import FulcrumKernel
import PluginHost
import Synchronization

/// Learns what libraries have from workers that load them: a library that crashes or hangs ends one of these.
package final class ProcessSurveyor: LibrarySurveyor {
  private struct Answer {
    let components: [LibrarySurvey.Component]
    let failure: String?
  }

  private let executable: String
  private let arguments: @Sendable (_ paths: [String]) -> [String]
  /// The longest that one library may take, in seconds.
  private let limit: Double
  /// Answers by path and digest: the hosts of one command ask alike.
  private let known = Mutex<[String: Answer]>([:])

  /// - Parameters:
  ///   - executable: the program.
  ///   - limit: the longest that one library may take, in seconds.
  ///   - arguments: makes the program a `SurveyWorker` of libraries.
  package init(
    executable: String, limit: Double = CheckLimits.seconds,
    arguments: @escaping @Sendable (_ paths: [String]) -> [String]
  ) {
    (self.executable, self.limit, self.arguments) = (executable, limit, arguments)
  }

  package func survey(_ libraries: [PluginListing]) throws(FulcrumError) -> [LibrarySurvey] {
    var answers = known.withLock { known in libraries.map { known[Self.key(of: $0)] } }
    while let first = answers.firstIndex(where: { $0 == nil }) {
      let asked = answers.indices.filter { answers[$0] == nil }
      var loading: Int?
      let child = ChildProcess(
        executable: executable, arguments: arguments(asked.map { libraries[$0].path }),
        silence: limit)
      let (end, errors) = try child.run { line in
        guard let message = SurveyMessage(line: line), asked.indices.contains(message.index)
        else { return }
        let index = asked[message.index]
        loading = message.answer == nil ? index : nil
        answers[index] = message.answer.map {
          Answer(components: $0.components, failure: $0.failure)
        }
      }
      // Whatever it died of, one of its libraries is not asked again.
      let dead = loading ?? (answers[first] == nil ? first : nil)
      if let dead {
        answers[dead] = Answer(components: [], failure: end.words(errors, limit: limit))
      }
    }
    let found = zip(libraries, answers).map { ($0, $1 ?? Answer(components: [], failure: nil)) }
    known.withLock { known in
      for (library, answer) in found { known[Self.key(of: library)] = answer }
    }
    return found.map { LibrarySurvey($0, $1.components, failure: $1.failure) }
  }

  private static func key(of library: PluginListing) -> String {
    guard case .success(let inspection) = library.inspection else { return library.path }
    return library.path + "\n" + (inspection.digest ?? "")
  }
}

extension SurveyMessage {
  /// The place of its library in the request.
  fileprivate var index: Int {
    switch self {
    case .begin(let index), .end(let index, _), .refused(let index, _): index
    }
  }

  /// The library's components, or the reason why it can't be loaded; `nil` before that.
  fileprivate var answer: (components: [LibrarySurvey.Component], failure: String?)? {
    switch self {
    case .begin: nil
    case .end(_, let components):
      // A newer kernel's kinds, which this host doesn't know, are left out.
      (
        components.compactMap { component in
          HostComponent.Kind(rawValue: component.kind).map { .init($0, component.name) }
        }, nil
      )
    case .refused(_, let failure): ([], failure)
    }
  }
}
