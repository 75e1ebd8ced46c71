import FulcrumKernel

/// Registers the update scheduler `single`.
@c(fulcrum_plugin_single)
public func fulcrumPluginSingle(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "single", version: "0.1.0") {
    $0.add(updateScheduler: Single.self)
  }
}
