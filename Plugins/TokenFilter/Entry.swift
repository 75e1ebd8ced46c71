import FulcrumKernel

/// Registers the advantage transform `token-filter`.
@c(fulcrum_plugin_token_filter)
public func fulcrumPluginTokenFilter(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "token-filter", version: "0.1.0") {
    $0.add(advantageTransform: TokenFilter.self)
  }
}
