import FulcrumKernel

/// Checks what an entry function registered before any of it is used.
struct RegistrationCheck {
  /// The name that the library's file bears.
  let name: String
  let registrar: PluginRegistrar
  /// The plugins that were loaded before, none of them this one.
  let others: [LoadedPlugin]

  /// All that is wrong; empty: the plugin may be used.
  var faults: [PluginFault] {
    guard let registered = registrar.pluginName else {
      return [
        PluginFault(
          "its entry function never called PluginRegistrar.register",
          hint: "call it once, with the pointer that the entry function was given")
      ]
    }
    var faults: [PluginFault] = []
    if registered != name {
      faults.append(
        PluginFault(
          "the file is named for plugin '\(name)' but registers as '\(registered)'",
          hint: "give PluginRegistrar.register the name '\(name)'"))
    }
    if let failure = registrar.failure {
      let place = failure.location.map { "\($0): " } ?? ""
      faults.append(
        PluginFault(
          "its entry function failed: \(place)\(failure.message)",
          hint: failure.hint ?? "ask the plugin's author"))
    } else if registrar.components.isEmpty {
      faults.append(
        PluginFault(
          "it registers no components",
          hint: "add one within PluginRegistrar.register: $0.add(reward: …)"))
    }
    return faults + clashes + registrar.components.flatMap(Self.manualFaults)
  }

  /// Components of one kind and name, in this library twice or in another one too.
  private var clashes: [PluginFault] {
    var faults: [PluginFault] = []
    var seen: Set<String> = []
    for component in registrar.components {
      let label = Self.label(component)
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

  /// That another plugin has a component of this kind and name.
  static func clash(
    _ kind: HostComponent.Kind, _ name: String, among others: [LoadedPlugin]
  ) -> PluginFault? {
    let label = label(kind, name)
    let owner = others.first {
      $0.components.contains { Self.label($0.kind, $0.manual.name) == label }
    }
    return owner.map {
      PluginFault(
        "it registers \(label), which plugin '\($0.name)' (\($0.path)) has too",
        hint: "use one of the two, or rename the component")
    }
  }

  private static func manualFaults(_ component: RegisteredComponent) -> [PluginFault] {
    let manual = component.manual
    let label = label(component)
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

  /// A default that the parameter's own range refuses would fail every run that leaves it out.
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

  private static func label(_ component: RegisteredComponent) -> String {
    label(component.kind, component.manual.name)
  }

  private static func label(_ kind: RegisteredComponent.Kind, _ name: String) -> String {
    "\(kind.rawValue) '\(name)'"
  }
}
