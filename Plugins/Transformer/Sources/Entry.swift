import FulcrumKernel

/// Registers the component `transformer`.
@c(fulcrum_plugin_transformer)
public func fulcrumPluginTransformer(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "transformer", version: "0.1.0") {
    $0.add(policy: TransformerPolicy.self)
  }
}
