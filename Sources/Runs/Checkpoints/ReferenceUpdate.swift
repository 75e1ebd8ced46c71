import Files
import FulcrumKernel
import Settings
import Training

/// Moves the reference policy towards the policy after so many steps, and keeps it through
/// checkpoints.
///
/// - Source: TR-DPO (arXiv 2404.09656); TRL's `sync_ref_model`.
struct ReferenceUpdate {
  private let policy: any PolicyModel
  /// The reference, if it moves.
  private let moving: (any BlendablePolicy)?
  private let every: Int
  private let mix: Double

  /// - Throws: `.unsupported` if the reference is to move and the policy can't blend.
  init(
    _ settings: ReferenceSettings, policy: any PolicyModel, reference: (any FrozenPolicy)?
  ) throws(FulcrumError) {
    self.policy = policy
    every = settings.updateEvery
    mix = settings.mix
    guard every > 0, let reference else {
      moving = nil
      return
    }
    // A policy that blends gives references that blend.
    let able = try Self.check(policy)
    guard let reference = reference as? any BlendablePolicy else {
      throw FulcrumError(
        .pluginFault, "expected a frozen copy that can be blended, as its policy can",
        at: type(of: able).manual.name)
    }
    moving = reference
  }

  /// Tells before a run whether its reference could move.
  ///
  /// - Throws: `.unsupported` if it could not.
  @discardableResult
  static func check(_ policy: any PolicyModel) throws(FulcrumError) -> any BlendablePolicy {
    do throws(FulcrumError) {
      return try policy.capability(
        (any BlendablePolicy).self, to: "move towards another policy")
    } catch {
      throw error.within("reference.update-every")
    }
  }

  func stepEnded(_ step: Int) throws(FulcrumError) {
    guard let moving, step % every == 0 else { return }
    try moving.blend(with: policy, share: mix)
  }

  /// Writes a moving reference. A frozen one needs no copy: the configuration names it.
  ///
  /// - Parameter folder: the folder to make, if there is anything to write.
  func save(to folder: String) throws(FulcrumError) {
    guard let moving else { return }
    try SafeFiles.makeFolder(folder)
    try moving.save(to: folder)
    // Holds the bits of the parameters that `save` lost by rounding.
    try SafeFiles.makeFolder(Self.optimizer(in: folder))
    try moving.saveOptimizer(to: Self.optimizer(in: folder))
  }

  static func optimizer(in folder: String) -> String { folder + "/optimizer" }
}
