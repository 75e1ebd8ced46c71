import FulcrumKernel
import Stages

/// The finding of a check.
package enum CheckFinding: Sendable, Codable, Equatable {
  /// The promise is kept; the text says what was measured, or is empty.
  case ok(String)
  /// The promise is kept, and yet something is seldom meant; the text says what.
  case warning(String)
  /// The promise is broken; the text says how, and what to do about it.
  case fault(String)
  /// The check was left out; the text says why.
  case skipped(String)
  /// The check was left out until the request gives what the text says.
  case incomplete(String)

  /// The word for tables and JSON.
  package var word: String {
    switch self {
    case .ok: "ok"
    case .warning: "warning"
    case .fault: "FAULT"
    case .skipped, .incomplete: "skipped"
    }
  }

  package var detail: String {
    switch self {
    case .ok(let text), .warning(let text), .fault(let text), .skipped(let text),
      .incomplete(let text):
      text
    }
  }

  /// Makes a finding of an error, with its hint on the same line.
  static func fault(_ error: FulcrumError) -> CheckFinding { .fault(error.sentence) }
}

/// The promise that a check looks at.
package struct CheckName: Sendable, Codable, Equatable {
  /// The thing that promises: `file`, `load`, or a component: `reward exact-match`.
  package let subject: String
  /// The promise, a sentence without its full stop.
  package let name: String
  /// Whether nothing else of the subject can be checked if this fails.
  var isEssential = false

  package init(_ subject: String, _ name: String, isEssential: Bool = false) {
    self.subject = subject
    self.name = name
    self.isEssential = isEssential
  }
}

/// One line of the table.
package struct CheckResult: Sendable, Equatable {
  package let check: CheckName
  package let finding: CheckFinding
}

/// A promise with the code that sees whether it is kept.
struct CheckItem: Sendable {
  let name: CheckName
  let body: @Sendable () throws(FulcrumError) -> CheckFinding

  init(
    _ subject: String, _ name: String, isEssential: Bool = false,
    _ body: @escaping @Sendable () throws(FulcrumError) -> CheckFinding
  ) {
    self.name = CheckName(subject, name, isEssential: isEssential)
    self.body = body
  }

  /// Runs the body: what it throws is a fault, as is a change of the process's state.
  func run() -> CheckFinding {
    let state = ProcessState()
    let finding: CheckFinding
    do {
      finding = try body()
    } catch {
      finding = .fault(error)
    }
    let changes = state.restore()
    return changes.isEmpty ? finding : .fault(.changedProcess(changes))
  }
}

extension FulcrumError {
  /// The error in one line: place, message and hint.
  package var sentence: String {
    let place = location.map { "\($0): " } ?? ""
    return place + message + (hint.map { " (hint: \($0))" } ?? "")
  }
}
