import FulcrumKernel

extension PluginContract {
  /// The contract of an update scheduler, for its author.
  ///
  /// - Parameter parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any UpdateScheduler.Type, _ parameters: [String: ParameterValue] = [:]
  ) -> [ContractCheck] {
    checks(updateScheduler: type.manual, parameters) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of an update scheduler, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    updateScheduler manual: ComponentManual, _ parameters: [String: ParameterValue],
    make: @escaping Maker<any UpdateScheduler>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks
  }
}
