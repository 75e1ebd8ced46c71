import FulcrumKernel

/// Asks an instance everything that its answers should be compared by.
typealias Probe<Instance> = @Sendable (Instance, inout Trace) throws(FulcrumError) -> Void

extension Subject {
  /// Returns the checks that hold for a component of any kind.
  ///
  /// - Parameters:
  ///   - isStateless: whether a call must leave no trace on the next one, as for all that a resumed
  ///     run makes anew.
  ///   - dependsOnThreads: whether rounding may be another with another number of threads.
  ///   - probe: calls everything that the protocol offers.
  func commonChecks(
    isStateless: Bool = true, dependsOnThreads: Bool = false, probe: @escaping Probe<Instance>
  ) -> [ContractCheck] {
    var checks = [
      ContractCheck("the parameters, completed with defaults, make an instance") {
        () throws(FulcrumError) in _ = try make()
      }
    ]
    checks += schemaChecks
    checks += [
      ContractCheck("the same seed and input give the same bits") { () throws(FulcrumError) in
        let once = try trace(of: make(), probe)
        try requireSame(once, try trace(of: make(), probe), "from one instance and from another")
      }
    ]
    if !dependsOnThreads {
      checks.append(
        ContractCheck("the number of threads changes no bit") { () throws(FulcrumError) in
          let one = try trace(of: make(threads: 1), probe)
          try requireSame(one, try trace(of: make(threads: 3), probe), "with 1 thread and with 3")
        })
    }
    checks += [
      ContractCheck("two instances don't change each other's results") {
        () throws(FulcrumError) in
        let first = try make()
        let alone = try trace(of: make(), probe)
        // Another seed, so that what it leaves behind would show.
        _ = try trace(of: make(seed: 2), probe)
        try requireSame(
          alone, try trace(of: first, probe), "before and after another instance was used")
      }
    ]
    guard isStateless else { return checks }
    return checks + [
      ContractCheck("a call leaves no trace on the next one") { () throws(FulcrumError) in
        let instance = try make()
        let once = try trace(of: instance, probe)
        try requireSame(
          once, try trace(of: instance, probe), "in a first and in a second call of one instance",
          hint: "a resumed run makes its components anew: what they answer may depend on the seed"
            + " and on what they are given, the step's number included, only")
      }
    ]
  }

  func trace(of instance: Instance, _ probe: Probe<Instance>) throws(FulcrumError) -> Trace {
    var trace = Trace()
    try probe(instance, &trace)
    return trace
  }

  /// - Parameter occasions: of the two traces, for the message.
  func requireSame(
    _ one: Trace, _ other: Trace, _ occasions: String, hint: String? = nil
  ) throws(FulcrumError) {
    guard let difference = one.difference(to: other) else { return }
    throw fault("expected the same bits \(occasions), got other \(difference)", hint: hint)
  }
}
