import Foundation
import FulcrumKernel
import PluginHost

/// Checks what shows only when a component is called again and again: leaks, and speed.
struct UsageChecks: Sendable {
  let component: HostComponent
  let given: [String: ParameterValue]
  /// The samples that the request gives for rewards; none: made-up ones.
  let samples: [RewardSample]

  private static let calls = 1000
  /// The calls before the first measurement: buffers that are made once are no leak.
  private static let warmUp = 50
  /// The growth, in bytes, that may come by chance: 1,000 calls that leak 4 KiB each are seen.
  private static let growth = 2 << 20
  /// The seconds after which a slow component is called no more.
  private static let patience = 3.0
  private static let speedTime = 0.2

  private var subject: String { component.label }

  /// The check that resident memory doesn't grow with the number of calls.
  var memory: CheckItem {
    CheckItem(subject, "1,000 calls leave no memory behind") { () throws(FulcrumError) in
      let exercise = try exercise()
      if let error = Self.error(of: exercise) { return Self.throwing(error) }
      for _ in 0..<Self.warmUp { try exercise.call() }
      var text = ""
      // A cache that fills up stops growing; a leak does it again.
      for _ in 1...2 {
        let before = try Self.residentBytes()
        let count = try repeatedly(Self.calls, exercise, seconds: Self.patience).count
        let growth = try Self.residentBytes() - before
        text =
          "\(count) calls on \(exercise.batch): "
          + String(format: "%+.1f MiB", Double(growth) / 1_048_576)
        if growth <= Self.growth { return .ok(text) }
      }
      return .fault(
        text + String(format: ", expected at most %+.1f MiB", Double(Self.growth) / 1_048_576)
          + " (hint: free what a call makes; bound what is kept)")
    }
  }

  /// The speed, which is printed and never judged.
  var speed: CheckItem {
    CheckItem(subject, "its speed, for information") { () throws(FulcrumError) in
      let exercise = try exercise()
      if let error = Self.error(of: exercise) { return Self.throwing(error) }
      let (count, seconds) = try repeatedly(.max, exercise, seconds: Self.speedTime)
      let rate = Double(count * exercise.size) / seconds
      return .ok("\(Self.text(of: rate)) \(exercise.unit)/s on \(exercise.batch)")
    }
  }

  private static func error(of exercise: Exercise) -> FulcrumError? {
    do {
      try exercise.call()
      return nil
    } catch {
      return error
    }
  }

  /// Leaves a check out because a call throws: the contract judges errors, with inputs that it knows.
  private static func throwing(_ error: FulcrumError) -> CheckFinding {
    .skipped("a call throws: \(error.sentence)")
  }

  private func exercise() throws(FulcrumError) -> Exercise {
    let parameters = try Parameters(given, for: component.manual.parameters, at: subject)
    let instance = try component.make(
      parameters, context: ComponentContext(seed: 1, threads: 1))
    return try Exercise(component.kind, instance, samples: samples, at: subject)
  }

  private func repeatedly(
    _ most: Int, _ exercise: Exercise, seconds: Double
  ) throws(FulcrumError) -> (count: Int, seconds: Double) {
    let begin = ContinuousClock.now
    var count = 0
    var taken = 0.0
    repeat {
      try exercise.call()
      count += 1
      taken = (ContinuousClock.now - begin) / .seconds(1)
    } while count < most && taken < seconds
    return (count, taken)
  }

  /// - Source: proc(5): the second number of statm is the resident set, in pages.
  private static func residentBytes() throws(FulcrumError) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { throw FulcrumError(.inputOutput, "can't be read", at: "/proc/self/statm") }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func text(of rate: Double) -> String {
    switch rate {
    case 1e9...: String(format: "%.1f G", rate / 1e9)
    case 1e6...: String(format: "%.1f M", rate / 1e6)
    case 1e3...: String(format: "%.1f k", rate / 1e3)
    default: String(format: "%.1f", rate)
    }
  }
}
