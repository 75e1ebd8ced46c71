import FulcrumKernel

extension Subject {
  /// What holds for a component of any kind.
  var commonChecks: [ContractCheck] {
    [
      ContractCheck("the given parameters, with the defaults of the others, make an instance") {
        () throws(FulcrumError) in _ = try make()
      }
    ]
  }
}
