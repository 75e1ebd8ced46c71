import FulcrumKernel

extension PluginContract {
  /// The contract of a reward function, for its author.
  ///
  /// - Parameter parameters: to test with; those left out have their defaults.
  public static func checks(
    for type: any RewardFn.Type, _ parameters: [String: ParameterValue] = [:],
    samples: [RewardSample] = []
  ) -> [ContractCheck] {
    checks(reward: type.manual, parameters, samples: samples) { (parameters, context) throws(FulcrumError) in
      try type.init(parameters, context: context)
    }
  }

  /// The contract of a reward function, for a host that knows how to make it.
  ///
  /// - Parameters:
  ///   - manual: whose schema checks the parameters.
  ///   - parameters: to test with; those left out have their defaults.
  ///   - make: makes an instance; called for every check, several times.
  public static func checks(
    reward manual: ComponentManual, _ parameters: [String: ParameterValue],
    samples: [RewardSample] = [], make: @escaping Maker<any RewardFn>
  ) -> [ContractCheck] {
    let subject = Subject(manual: manual, parameters: parameters, maker: make)
    return subject.commonChecks
  }
}
