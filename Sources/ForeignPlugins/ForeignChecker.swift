import Foundation
import FulcrumKernel
import PluginHost
import Synchronization

/// Has a manifest's worked examples run by another process, so that a crash is a message.
struct ForeignChecker: Sendable {
  /// The program that does it; `nil`: there is none.
  let program: String?
  /// For all examples together.
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
    let ending: Ending
    do {
      ending = try run(program, path)
    } catch {
      throw PluginFault(
        "its examples can't be run by \(program): \(error)",
        hint: "the program fulcrum must lie there, and there must be room for temporary files")
    }
    if let fault = fault(of: ending, manifest) { throw fault }
    Self.sound.withLock { _ = $0.insert(digest) }
  }

  private struct Ending {
    /// `nil`: it had to be killed.
    let status: Int32?
    let isSignal: Bool
    let report: [Substring]
    let errors: String
  }

  private func run(_ program: String, _ path: String) throws -> Ending {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appendingPathComponent("fulcrum-\(UUID().uuidString)")
    try files.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? files.removeItem(at: folder) }
    let outputs = ["report", "errors"].map { folder.appendingPathComponent($0) }
    for output in outputs { try Data().write(to: output) }

    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = Self.arguments + [path]
    var environment = ProcessInfo.processInfo.environment
    // The crash is told in one sentence; Swift's own report would take seconds.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: outputs[0])
    process.standardError = try FileHandle(forWritingTo: outputs[1])
    let hasEnded = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in hasEnded.signal() }
    try process.run()
    let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
    let isLate = hasEnded.wait(timeout: .now() + seconds) == .timedOut
    if isLate {
      kill(process.processIdentifier, SIGKILL)
      hasEnded.wait()
    }
    let texts = try outputs.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Ending(
      status: isLate ? nil : process.terminationStatus,
      isSignal: process.terminationReason == .uncaughtSignal,
      report: texts[0].split(separator: "\n"), errors: texts[1])
  }

  private func fault(of ending: Ending, _ manifest: ForeignManifest) -> PluginFault? {
    var place = "loading"
    var touched: Substring?
    var fault: Substring?
    var hint = ""
    for line in ending.report {
      let word = line.prefix { $0 != " " }
      let rest = line.dropFirst(word.count + 1)
      switch word {
      case ForeignReport.next: place = String(rest)
      case ForeignReport.touched: touched = rest
      case ForeignReport.fault: fault = rest
      case ForeignReport.hint: hint = String(rest)
      case ForeignReport.sound where ending.status == 0 && !ending.isSignal: return nil
      default: break
      }
    }
    if let fault { return PluginFault(String(fault), hint: hint) }
    let label = label(of: place, manifest)
    let last = ending.errors.split(separator: "\n").last.map { "; it wrote: \($0)" } ?? ""
    let check =
      "check the order and types of 'arguments' against the function '\(manifest.prototype)'"
    guard let status = ending.status else {
      return PluginFault(
        "\(label): no answer within \(timeout.components.seconds) seconds\(last)",
        hint: "the examples must be small, and the function must not wait")
    }
    guard ending.isSignal else {
      return PluginFault(
        "\(label): the library ended the process with exit status \(status)\(last)",
        hint: "a function must return, never exit")
    }
    if let touched {
      return PluginFault(
        "\(label): the function touched memory \(touched) (\(Self.name(ofSignal: status)))",
        hint: "it may touch only as many values as the counts say; " + check)
    }
    return PluginFault(
      "\(label): it crashed with \(Self.name(ofSignal: status))\(last)", hint: check)
  }

  private func label(of place: String, _ manifest: ForeignManifest) -> String {
    guard let index = place.split(separator: " ").first.flatMap({ Int($0) }),
      manifest.examples.indices.contains(index)
    else { return "while the library was loaded" }
    return ForeignManifest.label(index, manifest.examples[index])
  }

  static func name(ofSignal signal: Int32) -> String {
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
