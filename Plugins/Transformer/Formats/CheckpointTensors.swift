import FulcrumKernel
import JSON

/// Reads the tensors of a checkpoint: one safetensors file, or the shards that an index names.
///
/// - Source: transformers' `model.safetensors.index.json`: a `weight_map` from tensors to files.
package struct CheckpointTensors: Sendable {
  private static let fileName = "model.safetensors"
  private static let indexName = "model.safetensors.index.json"

  /// The path of the file or the index, for errors about a missing tensor.
  package let path: String
  private let files: [TensorFile]
  private let fileOfTensor: [String: Int]

  /// The metadata texts of the first file.
  package var metadata: [String: String] { files.first?.metadata ?? [:] }

  /// All names, file by file, in the order of the data.
  package var names: [String] { files.flatMap(\.namesInOrder) }

  /// A single file.
  ///
  /// - Throws: what `TensorFile.init` throws.
  package init(file path: String) throws(FulcrumError) {
    let file = try TensorFile(path: path)
    self.path = path
    files = [file]
    fileOfTensor = Dictionary(uniqueKeysWithValues: file.names.map { ($0, 0) })
  }

  /// `model.safetensors`, or, if there is none, the shards of `model.safetensors.index.json`.
  ///
  /// - Throws: what reading a file throws; `.checkpoint`, naming the file and the tensor, if a shard
  ///   is missing or the shards don't hold exactly what the index says.
  package init(folder: String) throws(FulcrumError) {
    do throws(FulcrumError) {
      try self.init(file: folder + "/" + Self.fileName)
    } catch  where error.code == .notFound {
      let index: JSONValue
      do throws(FulcrumError) {
        index = try ReadableFile.json(folder + "/" + Self.indexName)
      } catch  where error.code == .notFound {
        throw FulcrumError(
          .notFound, "there is neither \(Self.fileName) nor \(Self.indexName)", at: folder,
          hint: "convert other formats to safetensors first")
      }
      try self.init(index: index, folder: folder)
    }
  }

  private init(index: JSONValue, folder: String) throws(FulcrumError) {
    path = folder + "/" + Self.indexName
    let shards = try Self.shards(of: index, at: path)
    // The shards in the order of their names, which number them.
    let shardNames = Set(shards.values).sorted()
    var files: [TensorFile] = []
    var places: [String: Int] = [:]
    for shard in shardNames {
      let file: TensorFile
      do throws(FulcrumError) {
        file = try TensorFile(path: folder + "/" + shard)
      } catch  where error.code == .notFound {
        let tensor = shards.filter { $0.value == shard }.keys.min() ?? ""
        throw FulcrumError(
          .checkpoint, "there is no shard '\(shard)', which should hold '\(tensor)'", at: path,
          hint: "the checkpoint is incomplete: fetch it again")
      }
      for name in file.names {
        if let other = places[name] {
          throw FulcrumError(
            .checkpoint, "tensor '\(name)' is in '\(shardNames[other])' too", at: file.path,
            hint: "the shards are of different checkpoints, or one was written twice")
        }
        guard shards[name] == shard else {
          let place = shards[name].map { "places it in '\($0)'" } ?? "doesn't name it"
          throw FulcrumError(
            .checkpoint, "tensor '\(name)' is here, but \(Self.indexName) \(place)", at: file.path,
            hint: "shards and index are of different checkpoints")
        }
        places[name] = files.count
      }
      files.append(file)
    }
    for (name, shard) in shards.sorted(by: { $0.key < $1.key }) where places[name] == nil {
      throw FulcrumError(
        .checkpoint, "there is no tensor '\(name)', which \(Self.indexName) places here",
        at: folder + "/" + shard, hint: "shards and index are of different checkpoints")
    }
    self.files = files
    fileOfTensor = places
  }

  /// The index's `weight_map`: files by tensor.
  private static func shards(
    of index: JSONValue, at path: String
  ) throws(FulcrumError) -> [String: String] {
    guard let members = index["weight_map"]?.members, !members.isEmpty else {
      throw FulcrumError(
        .checkpoint,
        "expected an object of file names as weight_map, got"
          + " \(index["weight_map"]?.excerpt ?? "nothing")", at: path)
    }
    var shards: [String: String] = [:]
    for member in members {
      guard let shard = member.value.text, isShardName(shard) else {
        throw FulcrumError(
          .checkpoint,
          "expected a file name for tensor '\(member.key)', got"
            + " \(member.value.excerpt)", at: path)
      }
      shards[member.key] = shard
    }
    return shards
  }

  /// Tells whether a shard's name is safe. A name with a folder in it could lead out of the
  /// checkpoint. The system ignores what follows a NUL, and refuses more than 255 bytes.
  private static func isShardName(_ name: String) -> Bool {
    name.utf8.count <= 255 && name.hasSuffix(".safetensors")
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }

  /// Checks that the checkpoint has exactly these tensors, in these shapes.
  ///
  /// Only after this check do the files justify memory for the model.
  ///
  /// - Parameter isOptional: tells whether a further tensor may be there.
  /// - Throws: `.checkpoint`, naming the file and the tensor.
  package func require(
    _ expected: [(name: String, shape: [Int])], isOptional: (String) -> Bool
  ) throws(FulcrumError) {
    for (name, shape) in expected { try file(of: name).require(name, shape: shape) }
    let known = Set(expected.map(\.name))
    for file in files {
      for name in file.namesInOrder where !known.contains(name) && !isOptional(name) {
        throw FulcrumError(
          .checkpoint, "tensor '\(name)' belongs to no part of the model", at: file.path,
          hint: "config.json describes another model")
      }
    }
  }

  /// Refuses tensors under the names that a wrapper of training gives them: with something before a
  /// tensor's own name, or without the module that holds it.
  ///
  /// - Parameter name: the name of a tensor that every model has.
  /// - Throws: `.checkpoint`, naming what is too much or too little.
  package func refuseWrapped(_ name: String) throws(FulcrumError) {
    guard fileOfTensor[name] == nil else { return }
    if let wrapped = names.first(where: { $0.hasSuffix("." + name) }) {
      let prefix = wrapped.dropLast(name.count)
      throw FulcrumError(
        .checkpoint,
        "the tensors' names begin with '\(prefix)': there is '\(wrapped)', expected '\(name)'",
        at: path, hint: remedy(prefix: String(prefix)))
    }
    if let dot = name.firstIndex(of: "."), fileOfTensor[String(name[dot...].dropFirst())] != nil {
      throw FulcrumError(
        .checkpoint,
        "the tensors' names lack '\(name[...dot])': there is '\(name[dot...].dropFirst())', expected"
          + " '\(name)'", at: path,
        hint: "the model was saved without its head: load it as AutoModelForCausalLM and save it"
          + " again")
    }
  }

  private func remedy(prefix: String) -> String {
    if names.contains(where: { $0.contains(".lora_A.") }) {
      return "an adapter of peft was saved with its model: merge it (merge_and_unload) and save the"
        + " model again"
    }
    let remedy = "a wrapper of training was saved with the model: save the model inside it"
    guard files.count == 1 else { return remedy }
    return remedy
      + ", or take the prefix off; in that folder run: python3 -c \"from safetensors.torch"
      + " import load_file, save_file; n = 'model.safetensors';"
      + " save_file({k.removeprefix('\(prefix)'): v for k, v in load_file(n).items()}, n,"
      + " {'format': 'pt'})\""
  }

  /// Returns the precision in which a tensor is stored.
  ///
  /// - Throws: `.checkpoint` if the tensor is missing or holds no weights.
  package func precision(of name: String) throws(FulcrumError) -> TensorPrecision {
    let file = try file(of: name)
    guard let dtype = file.tensors[name]?.dtype, let precision = TensorPrecision(dtype) else {
      throw file.noWeights(name)
    }
    return precision
  }

  /// Reads a tensor, converted to float: see `TensorFile.read`.
  package func read(
    _ name: String, shape: [Int], into values: inout MutableSpan<Float>
  ) throws(FulcrumError) {
    try file(of: name).read(name, shape: shape, into: &values)
  }

  private func file(of name: String) throws(FulcrumError) -> TensorFile {
    guard let place = fileOfTensor[name] else { throw missing(name) }
    return files[place]
  }

  private func missing(_ name: String) -> FulcrumError {
    FulcrumError(
      .checkpoint, "there is no tensor '\(name)'", at: path,
      hint: NearNames.hint(for: name, among: Array(fileOfTensor.keys)))
  }
}
