import FulcrumKernel

/// Registers the advantage transform `quantile-baseline`.
@c(fulcrum_plugin_quantile_baseline)
public func fulcrumPluginQuantileBaseline(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "quantile-baseline", version: "0.1.0") {
    $0.add(advantageTransform: QuantileAdvantage.self)
  }
}
