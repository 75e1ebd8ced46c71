import FulcrumKernel

/// Registers the update scheduler `lopti`.
@c(fulcrum_plugin_lopti)
public func fulcrumPluginLopti(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "lopti", version: "0.1.0") {
    $0.add(updateScheduler: Lopti.self)
  }
}
