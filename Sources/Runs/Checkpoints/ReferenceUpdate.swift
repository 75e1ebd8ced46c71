import Files
import FulcrumKernel
import Settings

/// Moves the reference policy towards the policy now and then, and keeps it through checkpoints.
///
/// - Source: TR-DPO (arXiv 2404.09656); TRL's `sync_ref_model`.
struct ReferenceUpdate {
  private let policy: any PolicyModel
  private let reference: (any PolicyModel)?
  private let every: Int
  private let mix: Double

  init(
    _ settings: ReferenceSettings, policy: any PolicyModel, reference: (any PolicyModel)?
  ) {
    self.policy = policy
    self.reference = reference
    every = settings.updateEvery
    mix = settings.mix
  }

  /// The reference, if it is not just the policy that the run began with.
  private var moving: (any PolicyModel)? { every > 0 ? reference : nil }

  func stepEnded(_ step: Int) throws(FulcrumError) {
    guard let moving, step % every == 0 else { return }
    try moving.blend(with: policy, share: mix)
  }

  /// Writes a moving reference; a frozen one is the configuration's own.
  ///
  /// - Parameter folder: made here, if there is anything to write.
  func save(to folder: String) throws(FulcrumError) {
    guard let moving else { return }
    try SafeFiles.makeFolder(folder)
    try moving.save(to: folder)
    // Has what a rounded `save` lost.
    try SafeFiles.makeFolder(Self.optimizer(in: folder))
    try moving.saveOptimizer(to: Self.optimizer(in: folder))
  }

  static func optimizer(in folder: String) -> String { folder + "/optimizer" }
}
