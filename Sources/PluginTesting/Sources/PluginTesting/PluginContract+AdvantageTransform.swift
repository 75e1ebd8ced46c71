import FulcrumKernel

extension PluginContract {
  /// The contract of an advantage transform, for its author.
  ///
  /// - Parameter parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any AdvantageTransform.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(advantageTransform: type.manual, parameters) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of an advantage transform, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    advantageTransform manual: ComponentManual, _ parameters: [String: ParameterValue],
    make: @escaping Maker<any AdvantageTransform>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks
  }
}
