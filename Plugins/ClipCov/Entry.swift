import FulcrumKernel

/// Registers the policy objective `clip-cov`.
@c(fulcrum_plugin_clip_cov)
public func fulcrumPluginClipCov(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "clip-cov", version: "0.1.0") {
    $0.add(policyObjective: ClipCovObjective.self)
  }
}
