import FulcrumKernel

/// Registers the advantage transform `advantage-reweighting`.
@c(fulcrum_plugin_advantage_reweighting)
public func fulcrumPluginAdvantageReweighting(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "advantage-reweighting", version: "0.1.0") {
    $0.add(advantageTransform: AdvantageReweighting.self)
  }
}
