/// A policy that can take over model files of other formats.
public protocol ImportingPolicy: PolicyModel {
  /// Turns a model file of another format into a folder that the component's checkpoint parameter can
  /// name.
  ///
  /// - Parameters:
  ///   - file: the model's path.
  ///   - directory: exists, and is empty.
  static func importModel(from file: String, to directory: String) throws(FulcrumError)
}
