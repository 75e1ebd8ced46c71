import FulcrumKernel

/// Registers the advantage transform `stapo`.
@c(fulcrum_plugin_stapo)
public func fulcrumPluginSTAPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "stapo", version: "0.1.0") {
    $0.add(advantageTransform: SpuriousTokenMask.self)
  }
}
