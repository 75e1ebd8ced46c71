import FulcrumKernel
import PluginHost

/// Checks what a request gives methods, before any of them is tried.
struct MethodSettings {
  private let settings: [String: [String: ParameterValue]]
  private let variants: [MethodVariant]
  private let components: [HostComponent]
  /// Names of methods that there are, whether they are shown or not.
  private let others: Set<String>

  /// - Parameters:
  ///   - settings: by component and parameter.
  ///   - components: those that are shown.
  ///   - others: names of components and plugins that there are beside them.
  init(
    _ settings: [String: [String: ParameterValue]], _ variants: [MethodVariant],
    of components: [HostComponent], others: Set<String>
  ) {
    (self.settings, self.variants, self.components) = (settings, variants, components)
    self.others = others
  }

  /// - Throws: `.usage` for a component or a parameter that there isn't, a value out of range, and a
  ///   name that two methods would have.
  func check() throws(FulcrumError) {
    for (component, values) in settings.sorted(by: { $0.key < $1.key }) {
      let namesakes = components.filter { $0.manual.name == component }
      guard !namesakes.isEmpty else { throw missing(component, at: "--set \(component)") }
      let known = Set(namesakes.flatMap { $0.manual.parameters.map(\.name) })
      for name in values.keys.sorted() where !known.contains(name) {
        throw FulcrumError(
          .usage, "unknown parameter '\(name)'", at: "--set \(component).\(name)",
          hint: NearNames.hint(for: name, among: Array(known)))
      }
      try checkValues(values, of: namesakes, at: "--set \(component)")
    }
    try checkVariants()
  }

  private func checkVariants() throws(FulcrumError) {
    var names = Set(components.map(\.manual.name))
    for variant in variants {
      let place = "--also \(variant.name)"
      guard names.insert(variant.name).inserted else {
        throw FulcrumError(
          .usage, "expected a name that no other method has, got '\(variant.name)' again",
          at: place, hint: "give it another name")
      }
      let namesakes = components.filter { $0.manual.name == variant.component }
      guard !namesakes.isEmpty else { throw missing(variant.component, at: place) }
      let owners = components.filter(variant.isOf)
      guard owners.isEmpty else {
        try checkValues(variant.settings, of: owners, at: "\(place): \(variant.component)")
        continue
      }
      let known = Set(namesakes.flatMap { $0.manual.parameters.map(\.name) })
      let unknown = variant.settings.keys.sorted().first { !known.contains($0) }
      throw FulcrumError(
        .usage,
        unknown.map { "unknown parameter '\($0)'" }
          ?? "expected parameters of one component, got some of each that is called"
          + " '\(variant.component)'", at: place,
        hint: unknown.flatMap { NearNames.hint(for: $0, among: Array(known)) })
    }
  }

  /// Tries each value alone; of components with one name, one that takes it is enough.
  private func checkValues(
    _ values: [String: ParameterValue], of namesakes: [HostComponent], at place: String
  ) throws(FulcrumError) {
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      var refusal: FulcrumError?
      var isTaken = false
      for parameter in namesakes.flatMap(\.manual.parameters) where parameter.name == name {
        do throws(FulcrumError) {
          _ = try Parameters([name: value], for: [parameter], at: place)
          isTaken = true
        } catch {
          refusal = refusal ?? error
        }
      }
      if var refusal, !isTaken {
        refusal.code = .usage
        throw refusal
      }
    }
  }

  private func missing(_ component: String, at place: String) -> FulcrumError {
    guard !others.contains(component) else {
      return FulcrumError(
        .usage, "'\(component)' is not among the methods that are asked for", at: place,
        hint: "name it too, or none")
    }
    // Those that are shown come first.
    let shown = Array(Set(components.map(\.manual.name)))
    let isNear = !NearNames.of(component, among: shown).isEmpty
    return FulcrumError(
      .usage, "no method '\(component)' among the plugins", at: place,
      hint: NearNames.hint(for: component, among: isNear ? shown : Array(others)))
  }
}
