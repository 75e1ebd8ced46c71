import FulcrumKernel
import JSON
import PluginHost
import Wire

/// A component that the process has made for one place of a configuration. It is let go with this.
final class PythonInstance: Sendable {
  let manual: ComponentManual
  let program: PythonProgram
  private let number: Int

  private init(_ manual: ComponentManual, _ program: PythonProgram, _ number: Int) {
    self.manual = manual
    self.program = program
    self.number = number
  }

  deinit { _ = try? call("release") }

  /// Makes an instance, and the host's view of it.
  ///
  /// - Throws: `.parameter` for what the file's code refuses; `.pluginFault`, `.program`.
  static func make(
    _ kind: HostComponent.Kind, _ manual: ComponentManual, _ parameters: Parameters,
    _ context: ComponentContext, in program: PythonProgram
  ) throws(FulcrumError) -> any Component {
    let values = parameters.resolved.map { JSONMember($0.name, $0.value.json) }
    let made: WireFrame
    do throws(FulcrumError) {
      made = try program.call(
        "make",
        [
          JSONMember("kind", .string(kind.rawValue)), JSONMember("name", .string(manual.name)),
          JSONMember("parameters", .object(values)),
          JSONMember("seed", .string(String(context.seed))),
          JSONMember("threads", .integer(context.threads)),
        ])
    } catch {
      guard error.code == .parameter, let name = error.location,
        manual.parameters.contains(where: { $0.name == name })
      else { throw error }
      throw parameters.refuse(name, error.message, hint: error.hint)
    }
    let number = try program.read("make") { () throws(WireFault) in
      guard let number = made["instance"]?.integer else {
        throw WireFault("expected an instance's number")
      }
      return number
    }
    let instance = PythonInstance(manual, program, number)
    switch kind {
    case .advantageTransform: return PythonTransform(instance, needs: try instance.needs(made))
    case .updateScheduler:
      return PythonScheduler(
        instance, needs: try instance.needs(made), passes: made["passes"]?.integer ?? 1,
        nesting: made["nesting"]?.text.flatMap(PhaseNesting.init(rawValue:)) ?? .phaseByPhase)
    case .policyObjective:
      let needs = try instance.needs(made)
      let isTokenwise = made["tokenwise"]?.bool == true
      if made["entropy"]?.bool == true {
        return PythonEntropyObjective(instance, needs: needs, isTokenwise: isTokenwise)
      }
      return PythonObjective(instance, needs: needs, isTokenwise: isTokenwise)
    case .reward: return PythonReward(instance)
    case .task:
      let count = made["trainingCount"]?.integer
      return made["demonstrates"]?.bool == true
        ? PythonDemonstratingTask(
          instance, count, demonstrations: made["demonstrationCount"]?.integer)
        : PythonTask(instance, count)
    default:
      throw FulcrumError(.unsupported, "no Python function can be a \(kind.rawValue)")
    }
  }

  /// Asks the instance for something.
  func call(
    _ name: String, _ header: [JSONMember] = [],
    _ arrays: [(name: String, array: WireArray)] = []
  ) throws(FulcrumError) -> WireFrame {
    try program.call(name, [JSONMember("instance", .integer(number))] + header, arrays)
  }

  /// Reads a reply; the process is given up if it is not what was asked for.
  func read<Result>(
    _ call: String, _ work: () throws(WireFault) -> Result
  ) throws(FulcrumError) -> Result {
    try program.read(call, work)
  }

  /// Reads the JSON in one of a reply's arrays.
  func json(_ frame: WireFrame, _ array: String, of call: String) throws(FulcrumError) -> JSONValue
  {
    try program.json(frame, array, of: call)
  }

  /// Adds the means that a reply reports.
  func report(_ frame: WireFrame, to metrics: inout MetricSums) throws(FulcrumError) {
    for entry in frame["metrics"]?.elements ?? [] {
      let parts = entry.elements ?? []
      guard parts.count == 3, let name = parts[0].text, let sum = parts[1].double,
        let count = parts[2].integer
      else {
        throw FulcrumError(
          .pluginFault, "expected a metric's name, sum and count, got \(entry.excerpt)",
          at: manual.name)
      }
      metrics.add(name, sum: sum, count: count)
    }
  }

  private func needs(_ frame: WireFrame) throws(FulcrumError) -> Set<Column> {
    var needs: Set<Column> = []
    for element in frame["needs"]?.elements ?? [] {
      guard let column = element.text.flatMap(Column.init(name:)) else {
        let names = Column.examples.map(\.name)
        throw FulcrumError(
          .pluginFault, "expected the name of a column in 'needs', got \(element.excerpt)",
          at: manual.name,
          hint: NearNames.hint(for: element.text ?? "", among: names))
      }
      needs.insert(column)
    }
    return needs
  }
}

extension Column {
  /// The columns of which messages know.
  fileprivate static let examples: [Column] =
    [.rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities]
    + TokenStatistic.examples.dropFirst().map { Column(.old, $0) }
}
