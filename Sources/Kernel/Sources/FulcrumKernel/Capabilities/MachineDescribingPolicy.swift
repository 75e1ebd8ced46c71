/// A policy that can say what its numbers depend on at this machine, before there is a model.
public protocol MachineDescribingPolicy: PolicyModel {
  /// The libraries and kernels that serve this processor, and whether log-probabilities of sampling
  /// and training have the same bits with them: `openblas: SkylakeX`.
  static var machineFacts: [ModelFact] { get }
}
