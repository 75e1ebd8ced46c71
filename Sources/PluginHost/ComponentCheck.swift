import FulcrumKernel

/// Checks the components that a library offers before any of them is used.
struct ComponentCheck {
  private let components: [HostComponent]
  /// The plugins that were loaded before, none of them this one.
  private let others: [LoadedPlugin]

  init(_ components: [HostComponent], others: [LoadedPlugin]) {
    self.components = components
    self.others = others
  }

  /// The faults of the components; empty: they may be used.
  var faults: [PluginFault] { clashes + components.flatMap(Self.manualFaults) }

  /// The faults of components that this library has twice, or another one too.
  private var clashes: [PluginFault] {
    var faults: [PluginFault] = []
    var seen: Set<String> = []
    for component in components {
      let label = component.quotedLabel
      if !seen.insert(label).inserted {
        faults.append(
          PluginFault("it registers \(label) twice", hint: "give each component its own name"))
      }
      if let fault = Self.clash(component.kind, component.manual.name, among: others) {
        faults.append(fault)
      }
    }
    return faults
  }

  /// Returns a fault if another plugin has a component of this kind and name.
  static func clash(
    _ kind: HostComponent.Kind, _ name: String, among others: [LoadedPlugin]
  ) -> PluginFault? {
    let owner = others.first {
      $0.components.contains { $0.kind == kind && $0.manual.name == name }
    }
    return owner.map {
      PluginFault(
        "it registers \(kind.rawValue) '\(name)', which plugin '\($0.name)' (\($0.path)) has too",
        hint: "use one of the two, or rename the component")
    }
  }

  private static func manualFaults(_ component: HostComponent) -> [PluginFault] {
    let manual = component.manual
    let label = component.quotedLabel
    var faults: [PluginFault] = []
    if PluginName(manual.name) == nil {
      faults.append(
        PluginFault(
          "\(label): expected a name of \(PluginName.rule)", hint: "rename the component"))
    }
    var seen: Set<String> = []
    for parameter in manual.parameters {
      if PluginName(parameter.name) == nil {
        faults.append(
          PluginFault(
            "\(label): expected parameter names of \(PluginName.rule), got '\(parameter.name)'",
            hint: "rename the parameter"))
      }
      if !seen.insert(parameter.name).inserted {
        faults.append(
          PluginFault(
            "\(label) declares the parameter '\(parameter.name)' twice", hint: "remove one"))
      }
      if let fault = defaultFault(parameter, label) { faults.append(fault) }
    }
    return faults
  }

  /// Returns a fault for a default that the parameter's own range refuses, which would fail every run
  /// that leaves it out.
  private static func defaultFault(_ parameter: Parameter, _ label: String) -> PluginFault? {
    guard parameter.defaultValue != nil else { return nil }
    do throws(FulcrumError) {
      _ = try Parameters(for: [parameter], at: label)
      return nil
    } catch {
      return PluginFault(
        "\(label): the default of '\(parameter.name)' breaks its own rule: \(error.message)",
        hint: "correct the default or the range")
    }
  }
}

extension HostComponent {
  /// The kind and the name in quotes, for messages: `reward 'exact-match'`.
  var quotedLabel: String { "\(kind.rawValue) '\(manual.name)'" }
}
