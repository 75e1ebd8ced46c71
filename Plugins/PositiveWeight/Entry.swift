import FulcrumKernel

/// Registers the advantage transform `positive-weight`.
@c(fulcrum_plugin_positive_weight)
public func fulcrumPluginPositiveWeight(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "positive-weight", version: "0.1.0") {
    $0.add(advantageTransform: PositiveWeight.self)
  }
}
