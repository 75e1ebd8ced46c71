import FulcrumKernel

/// Registers the policy objective `archer`.
@c(fulcrum_plugin_archer)
public func fulcrumPluginArcher(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "archer", version: "0.1.0") {
    $0.add(policyObjective: ArcherObjective.self)
  }
}
