import FulcrumKernel

/// Registers the advantage transform `entropy-top`.
@c(fulcrum_plugin_entropy_top)
public func fulcrumPluginEntropyTop(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "entropy-top", version: "0.1.0") {
    $0.add(advantageTransform: EntropyTop.self)
  }
}
