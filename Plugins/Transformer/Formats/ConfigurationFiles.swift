import FulcrumKernel
import JSON

/// Holds a checkpoint's `config.json` and `generation_config.json`, with everything in them.
///
/// A trained checkpoint is saved with the files it was read with. So contents that the policy
/// doesn't use (a beginning token, defaults for sampling) aren't lost.
package struct ConfigurationFiles: Sendable, Equatable {
  private static let configName = "/config.json"
  private static let generationName = "/generation_config.json"
  /// The names of the weights' type in transformers 4 and 5.
  private static let precisionKeys = ["torch_dtype", "dtype"]

  let config: ConfigFile
  /// The file `generation_config.json`; `nil` if the folder has none.
  let generation: ConfigFile?

  init(config: JSONValue, generation: JSONValue, folder: String) {
    self.config = ConfigFile(path: folder + Self.configName, json: config)
    self.generation = ConfigFile(path: folder + Self.generationName, json: generation)
  }

  /// Reads both files.
  ///
  /// - Throws: `.notFound` without a `config.json`, `.checkpoint` if a file is not a JSON object.
  package init(folder: String) throws(FulcrumError) {
    config = try ConfigFile(path: folder + Self.configName)
    do throws(FulcrumError) {
      generation = try ConfigFile(path: folder + Self.generationName)
    } catch  where error.code == .notFound {
      generation = nil
    }
  }

  /// Writes both files as they were read, to the byte if the weights' type stays.
  ///
  /// - Parameter precision: the precision of the folder's weights; `nil`: as the file has it.
  /// - Throws: `.inputOutput` if the system fails.
  package func write(
    toFolder folder: String, precision: TensorPrecision?
  ) throws(FulcrumError) {
    try config.write(precision.map(config(storing:)), toPath: folder + Self.configName)
    try writeGeneration(toFolder: folder)
  }

  /// Writes `generation_config.json` alone, if there was one.
  ///
  /// - Throws: as `write`.
  package func writeGeneration(toFolder folder: String) throws(FulcrumError) {
    try generation?.write(toPath: folder + Self.generationName)
  }

  private func config(storing precision: TensorPrecision) -> JSONValue {
    var members = config.json.members ?? []
    let name = JSONValue.string(precision.huggingFaceName)
    let places = members.indices.filter { Self.precisionKeys.contains(members[$0].key) }
    for place in places { members[place] = JSONMember(members[place].key, name) }
    if places.isEmpty { members += Self.precisionKeys.map { JSONMember($0, name) } }
    return .object(members)
  }
}
