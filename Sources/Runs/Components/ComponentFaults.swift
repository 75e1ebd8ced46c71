import FulcrumKernel
import PluginHost
import Settings
import YAML

extension ComponentKey {
  /// All keys in the order in which a run makes their components.
  package static let made: [ComponentKey] = [
    .task, .policy, .advantage, .objective, .schedule, .reward,
  ]

  private var isRequired: Bool { self != .advantage && self != .schedule }
  private var takesSeveral: Bool { self == .reward || self == .advantage || self == .objective }

  fileprivate func fault(ofCount count: Int) -> FulcrumError? {
    if count == 0 { return isRequired ? missing : nil }
    return count > 1 && !takesSeveral ? several(count) : nil
  }
}

extension ComponentFactory {
  /// Gathers what is wrong with the components that a configuration names, and makes none of them.
  ///
  /// - Parameter keys: the keys that a command reads.
  func gatherFaults(
    of keys: [ComponentKey], in tree: ConfigurationTree, _ faults: inout ConfigurationFaults
  ) {
    for key in keys {
      let choices = RunConfiguration.choices(key, in: tree, &faults)
      let count =
        switch tree.root[key.rawValue] {
        case nil: 0
        case .list(let elements)?: elements.count
        case .some: 1
        }
      if let fault = key.fault(ofCount: count) { faults.add(fault) }
      guard let kind = HostComponent.Kind.allCases.first(where: { $0.configurationKey == key })
      else { continue }
      for choice in choices {
        guard
          let schema = faults.gather({ () throws(FulcrumError) in
            try find(kind, choice).manual.parameters
          })
        else { continue }
        faults.add(Parameters.faults(of: choice.parameters, for: schema, at: choice.path))
      }
    }
  }
}

extension RunConfiguration {
  /// Reads a configuration and, where its own keys have faults, tells those of its components too.
  ///
  /// - Parameter host: looks for plugins in the configuration's own folders first.
  package static func checked(
    _ tree: ConfigurationTree, keys: [ComponentKey] = ComponentKey.made,
    host: (_ configured: [String]) -> PluginHost
  ) throws(FulcrumError) -> RunConfiguration {
    var faults = faults(of: tree)
    guard !faults.isEmpty else { return try RunConfiguration(tree: tree) }
    var folders: [String] = []
    if case .texts(let texts)? = tree.root["plugin-path"]?.parameterValue { folders = texts }
    ComponentFactory(host: host(folders), context: ComponentContext())
      .gatherFaults(of: keys, in: tree, &faults)
    try faults.check()
    return try RunConfiguration(tree: tree)
  }
}
