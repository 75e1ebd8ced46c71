import FulcrumKernel
import PluginHost
import Settings
import Training
import YAML

extension ComponentKey {
  /// All keys in the order in which a run makes their components.
  package static let made: [ComponentKey] = [
    .task, .policy, .advantage, .objective, .schedule, .reward, .transfer,
  ]

  /// The names in a choice beside the component's parameters that tell most about the key.
  fileprivate var ownNames: [String] {
    switch self {
    case .reward: ["weight", ComponentChoice.labelKey]
    case .task, .transfer: [OverlongRule.key]
    default: []
    }
  }

  private var isRequired: Bool { ![.advantage, .schedule, .transfer].contains(self) }
  private var takesSeveral: Bool { ![.task, .policy, .schedule].contains(self) }

  fileprivate func fault(ofCount count: Int) -> FulcrumError? {
    if count == 0 { return isRequired ? missing : nil }
    return count > 1 && !takesSeveral ? several(count) : nil
  }
}

extension ComponentFactory {
  /// Gathers what is wrong with the components that a configuration names, and makes none of them.
  ///
  /// - Parameters:
  ///   - keys: the keys that a command reads.
  ///   - readsCheckpoint: whether the policy's own checkpoint is read, rather than another's.
  func gatherFaults(
    of keys: [ComponentKey], in tree: ConfigurationTree, readsCheckpoint: Bool = true,
    _ faults: inout ConfigurationFaults
  ) {
    let paths = MissingPath(tree)
    let meanings: [ParameterMeaning] = readsCheckpoint ? [.dataFile, .checkpoint] : [.dataFile]
    for key in keys {
      let choices = RunConfiguration.choices(key, in: tree, &faults)
      let count =
        switch tree.root[key.rawValue] {
        case nil: 0
        case .list(let elements)?: elements.count
        case .some: 1
        }
      if let fault = key.fault(ofCount: count) { faults.add(fault) }
      for choice in choices {
        guard
          let registered = faults.gather({ () throws(FulcrumError) in try find(key.kind, choice) })
        else { continue }
        let schema = registered.manual.parameters
        // Such a policy says itself whether a name that is no folder leads to a model.
        let fetches = registered.type is any LoadingPolicy.Type
        faults.add(
          Parameters.faults(
            of: choice.parameters, for: schema, at: choice.path, others: key.ownNames))
        faults.add(
          paths.faults(
            of: choice.parameters, for: schema,
            meaning: fetches ? meanings.filter { $0 != .checkpoint } : meanings, at: choice.path))
      }
    }
  }
}

extension RunConfiguration {
  /// Reads a configuration and, where its own keys have faults, tells those of its components too.
  ///
  /// - Parameters:
  ///   - checkpoint: replaces the checkpoint that the configuration's policy names.
  ///   - beginsRun: whether all is checked that a run begins with: its arms, and folders of plugins.
  ///   - arms: the arms beside the configuration's own way; `nil`: those that it names.
  ///   - host: looks for plugins in the configuration's own folders first.
  package static func checked(
    _ tree: ConfigurationTree, keys: [ComponentKey] = ComponentKey.made, checkpoint: String? = nil,
    beginsRun: Bool = false, arms: [ArmChoice]? = nil,
    host: (_ settings: PluginSettings) -> PluginHost
  ) throws(FulcrumError) -> RunConfiguration {
    var faults = faults(of: tree)
    var plugins = PluginSettings()
    switch tree.root["plugin-path"]?.parameterValue {
    case .texts(let several)?: plugins.folders = several
    case .text(let one)? where !one.isEmpty: plugins.folders = [one]
    default: break
    }
    if case .text(let python)? = tree.root["python"]?.parameterValue, !python.isEmpty {
      plugins.python = python
    }
    var variants: [ArmChoice] = []
    if beginsRun {
      faults.add(MissingPath(tree).faults(ofPluginFolders: plugins.folders))
      variants = arms ?? Self.arms(in: tree, &faults)
    }
    guard !faults.isEmpty || !variants.isEmpty else { return try RunConfiguration(tree: tree) }
    let factory = ComponentFactory(host: host(plugins), context: ComponentContext())
    let start = tree.root["start"]
    factory.gatherFaults(
      of: keys, in: tree,
      readsCheckpoint: checkpoint == nil && (start == nil || start == .value(.text(""))), &faults)
    factory.gatherFaults(of: variants, in: tree, &faults)
    try faults.check()
    return try RunConfiguration(tree: tree)
  }
}
