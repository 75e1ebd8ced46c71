import FulcrumKernel
import PluginTesting
import Testing

/// A component with one mistake, and the check that must find it.
struct Broken: Sendable, CustomTestStringConvertible {
  let mistake: String
  /// The check's name.
  let check: String
  /// The beginning of the error's message.
  let message: String
  let checks: [ContractCheck]

  var testDescription: String { mistake }

  init(_ mistake: String, _ check: String, _ message: String, _ checks: [ContractCheck]) {
    self.mistake = mistake
    self.check = check
    self.message = message
    self.checks = checks
  }

  /// Runs the check that must fail.
  func expectCaught() throws {
    let named = checks.first { $0.name == check }
    let found = try #require(named, "no check '\(check)'")
    let error = #expect(throws: FulcrumError.self) { try found.run() }
    let text = error?.message ?? ""
    #expect(text.hasPrefix(message), "got: \(text)")
    #expect(error?.code == .pluginFault || error?.code == .parameter, "got: \(text)")
    #expect(error?.location?.hasPrefix("idea") == true, "got: \(error?.location ?? "no place")")
  }
}

/// Runs all checks of a sound component.
func expectKept(_ checks: [ContractCheck]) {
  #expect(!checks.isEmpty)
  for check in checks { #expect(throws: Never.self, "\(check)") { try check.run() } }
}

/// The manual of components that take one number.
let ideaManual = ComponentManual(
  name: "idea", summary: "an idea", source: "this test",
  parameters: [.number("x", default: 0.5, in: 0...1, help: "a number")])

/// Counts calls; shared by what must not share.
final class Counter: @unchecked Sendable {
  private(set) var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}

/// Overwrites the first number of a borrowed column, as a plugin in C could.
func overwrite(_ column: Span<Float>) {
  column.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return }
    UnsafeMutablePointer(mutating: start).pointee += 1
  }
}

extension Component {
  /// The error of components that are made by closures, when they are made by their initializers.
  static func madeByClosure() -> FulcrumError {
    FulcrumError(.unsupported, "made by a closure")
  }
}
