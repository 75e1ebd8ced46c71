import Files
import Foundation
import FulcrumKernel
import PluginHost
import Synchronization

/// Runs a manifest's worked examples in another process, so that a crash is a message.
struct ForeignChecker: Sendable {
  /// The program that runs them; `nil`: there is none.
  let program: String?
  /// The longest time for all examples together.
  let timeout: Duration

  /// The words before the manifest's path, which make the program call `ForeignTrial.run`.
  private static let arguments = ["plugin", "foreign-check", "--"]

  /// The digests of the plugins whose examples passed in this process.
  private static let sound = Mutex<Set<String>>([])

  /// Runs the examples unless this process has seen them pass.
  ///
  /// - Throws: what is wrong with the library or its manifest, in one sentence.
  func check(_ manifest: ForeignManifest, at path: String, digest: String) throws(PluginFault) {
    if Self.sound.withLock({ $0.contains(digest) }) { return }
    guard let program else {
      throw PluginFault(
        "its examples can't be run: this program doesn't know where it lies", hint: "mount /proc")
    }
    var report: [String] = []
    let end: ChildProcess.End
    let errors: String
    do throws(FulcrumError) {
      let child = ChildProcess(
        executable: program, arguments: Self.arguments + [path], silence: seconds, limit: seconds)
      (end, errors) = try child.run { report.append(String(decoding: $0, as: UTF8.self)) }
    } catch {
      throw PluginFault(
        "its examples can't be run by \(program): \(error.message)",
        hint: "the program fulcrum must lie there, and the system must have room for a process")
    }
    if let fault = fault(end, report, errors, manifest) { throw fault }
    Self.sound.withLock { _ = $0.insert(digest) }
  }

  private var seconds: Double {
    Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
  }

  /// Returns what is wrong, by the child's report and its end; `nil`: the examples passed.
  private func fault(
    _ end: ChildProcess.End, _ report: [String], _ errors: String, _ manifest: ForeignManifest
  ) -> PluginFault? {
    var place = "loading"
    var touched: Substring?
    var fault: Substring?
    var hint = ""
    for line in report {
      let word = line.prefix { $0 != " " }
      let rest = line.dropFirst(word.count + 1)
      switch String(word) {
      case ForeignReport.next: place = String(rest)
      case ForeignReport.touched: touched = rest
      case ForeignReport.fault: fault = rest
      case ForeignReport.hint: hint = String(rest)
      case ForeignReport.sound where end == .exited(0): return nil
      default: break
      }
    }
    if let fault { return PluginFault(String(fault), hint: hint) }
    let label = label(of: place, manifest)
    let last = errors.split(separator: "\n").last.map { "; it wrote: \($0)" } ?? ""
    let check =
      "check the order and types of 'arguments' against the function '\(manifest.prototype)'"
    switch end {
    case .timedOut:
      return PluginFault(
        "\(label): no answer within \(timeout.components.seconds) seconds\(last)",
        hint: "the examples must be small, and the function must not wait")
    case .exited(let status):
      return PluginFault(
        "\(label): the library ended the process with exit status \(status)\(last)",
        hint: "a function must return, never exit")
    case .killedBySignal(let signal):
      let name = Self.name(ofSignal: signal)
      guard let touched else {
        return PluginFault("\(label): it crashed with \(name)\(last)", hint: check)
      }
      return PluginFault(
        "\(label): the function touched memory \(touched) (\(name))",
        hint: "it may touch only as many values as the counts say; " + check)
    }
  }

  private func label(of place: String, _ manifest: ForeignManifest) -> String {
    guard let index = place.split(separator: " ").first.flatMap({ Int($0) }),
      manifest.examples.indices.contains(index)
    else { return "while the library was loaded" }
    return ForeignManifest.label(index, manifest.examples[index])
  }

  private static func name(ofSignal signal: Int32) -> String {
    switch signal {
    case SIGSEGV: "SIGSEGV, a memory fault"
    case SIGBUS: "SIGBUS, a memory fault"
    case SIGABRT: "SIGABRT, an abort"
    case SIGFPE: "SIGFPE, a division by zero"
    case SIGILL: "SIGILL, an instruction that this processor lacks or a trap"
    case SIGTRAP: "SIGTRAP, a trap"
    case SIGKILL: "SIGKILL, killed from outside"
    default: "signal \(signal)"
    }
  }
}
