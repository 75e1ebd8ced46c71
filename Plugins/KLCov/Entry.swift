import FulcrumKernel

/// Registers the policy objective `kl-cov`.
@c(fulcrum_plugin_kl_cov)
public func fulcrumPluginKLCov(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "kl-cov", version: "0.1.0") {
    $0.add(policyObjective: KLCovObjective.self)
  }
}
