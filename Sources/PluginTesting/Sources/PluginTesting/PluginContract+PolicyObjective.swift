import FulcrumKernel

extension PluginContract {
  /// The contract of a policy objective, for its author.
  ///
  /// - Parameter parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any PolicyObjective.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(policyObjective: type.manual, parameters) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a policy objective, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    policyObjective manual: ComponentManual, _ parameters: [String: ParameterValue],
    make: @escaping Maker<any PolicyObjective>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks
  }
}
