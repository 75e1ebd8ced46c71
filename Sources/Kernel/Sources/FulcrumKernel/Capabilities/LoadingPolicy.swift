/// A policy that can be asked about its checkpoint before it has read the weights.
///
/// It reads them at the latest when they are first needed. Its checkpoint may also be a name that is no
/// folder, if it knows where to fetch it.
public protocol LoadingPolicy: PolicyModel {
  /// Reads the weights, if they were not read yet. A run calls it before it writes anything, so that a
  /// checkpoint that can't be read leaves nothing behind; commands that only look don't.
  func load() throws(FulcrumError)
}
