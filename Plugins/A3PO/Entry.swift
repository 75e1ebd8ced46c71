import FulcrumKernel

/// Registers the advantage transform `a3po`.
@c(fulcrum_plugin_a3po)
public func fulcrumPluginA3PO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "a3po", version: "0.1.0") {
    $0.add(advantageTransform: PolarityShaping.self)
  }
}
