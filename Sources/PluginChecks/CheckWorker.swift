import Foundation
import FulcrumKernel
import PluginHost

/// The process that loads a plugin and runs its checks. It may die in any of them.
///
/// It writes what happens, line by line, to a descriptor that no plugin knows.
package struct CheckWorker {
  /// The plugin's name or its library's path.
  let reference: String
  let host: PluginHost
  /// The values that the request gives, by component and parameter.
  let given: [String: [String: ParameterValue]]
  /// The samples that the request gives for rewards; none: made-up ones.
  let samples: [RewardSample]
  /// The longest that the supervisor lets a check take, in seconds.
  let limit: Double
  /// Where messages go.
  let output: Int32
  /// Returns the promises of a component's protocol. The first promise is that there is an instance: without
  /// it none of the others is looked at.
  let contract: @Sendable (HostComponent, [String: ParameterValue]) -> [Promise]

  /// The seconds by which the supervisor must have ended a check that takes too long.
  private static let grace: UInt32 = 10

  /// A sentence, and the code that sees whether it is true, or throws if it is not.
  package typealias Promise = (name: String, run: @Sendable () throws(FulcrumError) -> CheckFinding)

  package init(
    reference: String, host: PluginHost, given: [String: [String: ParameterValue]],
    samples: [RewardSample] = [], limit: Double = CheckLimits.seconds, output: Int32,
    contract:
      @escaping @Sendable (HostComponent, [String: ParameterValue]) -> [Promise]
  ) {
    self.reference = reference
    self.host = host
    self.given = given
    self.samples = samples
    self.limit = limit
    self.output = output
    self.contract = contract
  }

  /// Loads the plugin and, if `first` is given, runs the checks from that place in the plan on.
  /// The process ends with it.
  package func run(from first: Int?) -> Never {
    CheckLimits.apply()
    func tell(_ message: CheckMessage) { message.write(to: output) }

    let plugin: LoadedPlugin
    let begin = ContinuousClock.now
    do {
      plugin = try host.load(reference)
    } catch {
      let isWrongRequest = [.notFound, .usage].contains(error.code)
      tell(CheckMessage(refusal: error, isWrongRequest: isWrongRequest))
      _exit(0)
    }
    let time = (ContinuousClock.now - begin) / .milliseconds(1)
    tell(.loaded(milliseconds: time, components: plugin.components.map(\.label)))
    guard let first else { _exit(0) }
    if let error = wrongSetting(for: plugin) ?? wrongSamples(for: plugin) {
      tell(CheckMessage(refusal: error, isWrongRequest: true))
      _exit(0)
    }

    let items = plugin.components.flatMap(items(of:))
    tell(.plan(items.map(\.name)))
    var brokenSubject: String?
    for (index, item) in items.enumerated() where index >= first {
      tell(.begin(index))
      if item.name.subject == brokenSubject {
        tell(.end(index, CheckSupervisor.withoutEssential))
        continue
      }
      // Should the supervisor be gone, an endless loop still has an end.
      alarm(UInt32(limit) + Self.grace)
      let finding = item.run()
      if item.name.isEssential, case .fault = finding { brokenSubject = item.name.subject }
      tell(.end(index, finding))
    }
    tell(.done)
    // No destructors: what they might do is no part of the checks.
    _exit(0)
  }

  private func items(of component: HostComponent) -> [CheckItem] {
    let subject = component.label
    let own = given[component.manual.name, default: [:]].filter { name, _ in
      component.manual.parameters.contains { $0.name == name }
    }
    let missing = component.manual.parameters.filter {
      $0.defaultValue == nil && own[$0.name] == nil
    }
    guard missing.isEmpty else {
      let settings = missing.map {
        "--set \(component.manual.name).\($0.name)=… (\($0.expectation))"
      }
      return [
        CheckItem(subject, "the request gives each required parameter") {
          () throws(FulcrumError) in .incomplete("give " + settings.joined(separator: " and "))
        }
      ]
    }
    let promises = contract(component, own).enumerated().map { place, promise in
      CheckItem(subject, promise.name, isEssential: place == 0) { () throws(FulcrumError) in
        try promise.run()
      }
    }
    let usage = UsageChecks(component: component, given: own, samples: samples)
    return promises + [usage.memory, usage.speed]
  }

  /// Returns the error for samples that no component of the plugin could judge.
  private func wrongSamples(for plugin: LoadedPlugin) -> FulcrumError? {
    guard !samples.isEmpty, plugin.components(.reward).isEmpty else { return nil }
    return FulcrumError(
      .usage, "plugin '\(plugin.name)' has no reward to judge samples", at: "--samples",
      hint: "leave them out, or check the plugin that has the reward")
  }

  /// Returns the error for a `--set` that no component of the plugin takes.
  private func wrongSetting(for plugin: LoadedPlugin) -> FulcrumError? {
    for (component, values) in given.sorted(by: { $0.key < $1.key }) {
      let namesakes = plugin.components.filter { $0.manual.name == component }
      guard !namesakes.isEmpty else {
        let names = Set(plugin.components.map(\.manual.name))
        return FulcrumError(
          .usage, "plugin '\(plugin.name)' has no component '\(component)'", at: "--set",
          hint: NearNames.hint(for: component, among: Array(names)))
      }
      let known = namesakes.flatMap { $0.manual.parameters.map(\.name) }
      for name in values.keys.sorted() where !known.contains(name) {
        return FulcrumError(
          .usage, "unknown parameter '\(name)'", at: "--set \(component).\(name)",
          hint: NearNames.hint(for: name, among: Array(Set(known))))
      }
    }
    return nil
  }
}
