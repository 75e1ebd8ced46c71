import FulcrumKernel

/// Registers the component `torch`.
@c(fulcrum_plugin_torch)
public func fulcrumPluginTorch(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "torch", version: "0.1.0") {
    $0.add(policy: TorchPolicy.self)
  }
}
