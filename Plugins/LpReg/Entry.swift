import FulcrumKernel

/// Registers the policy objective `lp-reg`.
@c(fulcrum_plugin_lp_reg)
public func fulcrumPluginLpReg(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "lp-reg", version: "0.1.0") {
    $0.add(policyObjective: LpRegObjective.self)
  }
}
