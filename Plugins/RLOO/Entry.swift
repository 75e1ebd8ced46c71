import FulcrumKernel

/// Registers the advantage transform `rloo`.
@c(fulcrum_plugin_rloo)
public func fulcrumPluginRLOO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "rloo", version: "0.1.0") {
    $0.add(advantageTransform: LeaveOneOut.self)
  }
}
