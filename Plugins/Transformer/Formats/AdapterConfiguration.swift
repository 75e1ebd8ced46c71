import Files
import FulcrumKernel
import JSON

/// Holds what peft's `adapter_config.json` says of low-rank adapters (LoRA).
///
/// - Source: peft's `LoraConfig`; the keys that this reader doesn't know either set no weight (a
///   dropout: none is applied) or show in the tensors' names.
package struct AdapterConfiguration: Sendable, Equatable {
  private static let fileName = "/adapter_config.json"
  /// The name of the file of weights beside it.
  package static let weightsName = "adapter_model.safetensors"
  /// Where a checkpoint of a merged model has the adapter that is merged in.
  package static let mergedFolder = "adapter"
  private static let baseKey = "base_model_name_or_path"
  private static let targetsKey = "target_modules"
  /// The ways to begin adapters that leave the base as it is; peft's others change it.
  private static let plainBeginnings = ["gaussian", "eva", "orthogonal"]

  /// The keys of what makes an adapter compute something else.
  private static let variants = [
    "alora_invocation_tokens", "alpha_pattern", "arrow_config", "fan_in_fan_out", "kasa_config",
    "layer_replication", "lora_bias", "modules_to_save", "monteclora_config", "rank_pattern",
    "target_parameters", "trainable_token_indices", "use_bdlora", "use_dora", "use_qalora",
    "velora_config",
  ]

  package let rank: Int
  package let alpha: Double
  /// Whether the scale is alpha / √rank (arXiv 2312.03732).
  let isRankStabilized: Bool
  /// The base's folder, absolute.
  package let base: String
  /// The file as it was read, or as it is to be written.
  private let file: ConfigFile

  /// The factor s of an adapter's product.
  package var scale: Double {
    alpha / (isRankStabilized ? Double(rank).squareRoot() : Double(rank))
  }

  /// Describes adapters that are begun.
  ///
  /// - Parameters:
  ///   - projections: those that have adapters, in every layer.
  ///   - base: the base's folder.
  package init(
    rank: Int, alpha: Double, projections: Set<AdapterProjection>, base: String
  ) {
    self.rank = rank
    self.alpha = alpha
    isRankStabilized = false
    self.base = FileSystem.canonicalPath(base) ?? base
    let names = AdapterProjection.allCases.filter(projections.contains).map(\.rawValue)
    file = ConfigFile(
      path: Self.fileName,
      json: .object([
        JSONMember("alpha_pattern", .object([])),
        JSONMember(Self.baseKey, .string(self.base)),
        JSONMember("bias", .string("none")),
        JSONMember("fan_in_fan_out", .bool(false)),
        JSONMember("inference_mode", .bool(true)),
        JSONMember("init_lora_weights", .bool(true)),
        JSONMember(
          "lora_alpha", Int(exactly: alpha).map(JSONValue.integer) ?? .number(alpha)),
        JSONMember("lora_dropout", .number(0)),
        JSONMember("modules_to_save", .null),
        JSONMember("peft_type", .string("LORA")),
        JSONMember("r", .integer(rank)),
        JSONMember("rank_pattern", .object([])),
        JSONMember(Self.targetsKey, .array(names.map(JSONValue.string))),
        JSONMember("task_type", .string("CAUSAL_LM")),
        JSONMember("use_dora", .bool(false)),
        JSONMember("use_rslora", .bool(false)),
      ]))
  }

  /// Reads a folder's file.
  ///
  /// - Throws: `.notFound` without the file, or where the base that it names is no folder;
  ///   `.checkpoint` if it is damaged, `.unsupported` for adapters of another kind.
  package init(folder: String) throws(FulcrumError) {
    file = try ConfigFile(path: folder + Self.fileName)
    guard let rank = file.json["r"]?.integer, (1...1 << 16).contains(rank) else {
      throw file.wrong("r", "a rank of at least 1", file.json["r"])
    }
    self.rank = rank
    alpha = try file.number("lora_alpha", default: 8)
    guard alpha.isFinite else {
      throw file.wrong("lora_alpha", "a finite number", file.json["lora_alpha"])
    }
    isRankStabilized = try file.flag("use_rslora")
    try Self.checkKind(file)
    base = try Self.base(file, folder: folder)
  }

  /// Checks that the weights have adapters where `target_modules` names modules, and nowhere else: peft
  /// applies no others. An expression instead of names is taken to fit.
  ///
  /// - Parameter projections: those with adapters, layer by layer.
  /// - Throws: `.checkpoint` where the two differ.
  package func check(_ projections: [Set<AdapterProjection>]) throws(FulcrumError) {
    guard let targets = file.json[Self.targetsKey]?.elements else { return }
    let names = targets.compactMap(\.text)
    let modules = projections.enumerated().flatMap { layer, found in
      AdapterProjection.allCases.filter(found.contains).map { $0.moduleName(layer: layer) }
    }
    func isNamed(_ module: String, by name: String) -> Bool {
      module == name || module.hasSuffix("." + name)
    }
    let stray = modules.first { module in !names.contains { isNamed(module, by: $0) } }
    let empty = names.first { name in !modules.contains { isNamed($0, by: name) } }
    guard stray != nil || empty != nil else { return }
    throw FulcrumError(
      .checkpoint,
      "\(Self.targetsKey) is [\(names.joined(separator: ", "))], but \(Self.weightsName) has "
        + (stray.map { "an adapter of '\($0)'" } ?? "none of '\(empty ?? "")'"), at: file.path,
      hint: "the two are of different adapters, or one was changed: make them agree")
  }

  /// Tells whether a folder holds an adapter.
  package static func isAdapter(_ folder: String) -> Bool {
    FileSystem.exists(folder + fileName)
  }

  /// Tells whether a path leads to a base's folder.
  package static func isFolder(_ path: String, _ base: String) -> Bool {
    FileSystem.canonicalPath(path + "/.") == base
  }

  /// Returns the folder with an adapter's tokenizer: its own, or its base's; any other folder is
  /// returned as it is.
  ///
  /// - Throws: as `init(folder:)`.
  package static func tokenizerFolder(_ folder: String) throws(FulcrumError) -> String {
    guard isAdapter(folder), !FileSystem.exists(folder + "/tokenizer.json") else { return folder }
    return try AdapterConfiguration(folder: folder).base
  }

  /// Makes the folder, and writes the file as it was read, but for the base, whose path becomes
  /// absolute.
  ///
  /// - Throws: `.inputOutput` if the system fails.
  package func write(toFolder folder: String) throws(FulcrumError) {
    try SafeFiles.makeFolder(folder)
    let members = (file.json.members ?? []).map { member in
      member.key == Self.baseKey ? JSONMember(member.key, .string(base)) : member
    }
    try file.write(.object(members), toPath: folder + Self.fileName)
  }

  private static func checkKind(_ file: ConfigFile) throws(FulcrumError) {
    func refuse(_ key: String, _ expected: String) -> FulcrumError {
      file.unsupported(
        "expected \(expected) as \(key), got \(file.json[key]?.excerpt ?? "nothing")",
        hint: "this policy computes plain LoRA only; the policy torch takes what peft does")
    }
    guard file.json["peft_type"]?.text == "LORA" else { throw refuse("peft_type", "LORA") }
    guard file.json.present("bias")?.text ?? "none" == "none" else { throw refuse("bias", "none") }
    for key in variants where !isOff(file.json[key]) { throw refuse(key, "nothing") }
    let beginning = file.json.present("init_lora_weights")
    guard
      beginning == nil || beginning?.bool != nil
        || plainBeginnings.contains(beginning?.text ?? "")
    else {
      throw refuse(
        "init_lora_weights",
        "true, false or one of \(plainBeginnings.joined(separator: ", "))")
    }
  }

  /// Tells whether a key switches nothing on.
  private static func isOff(_ value: JSONValue?) -> Bool {
    switch value {
    case nil, .null, .bool(false): true
    case .array(let elements): elements.isEmpty
    case .object(let members): members.isEmpty
    default: false
    }
  }

  /// Returns the base's folder: as the file names it from the working folder, or from its own.
  private static func base(
    _ file: ConfigFile, folder: String
  ) throws(FulcrumError) -> String {
    guard let name = file.json.present(baseKey)?.text, !name.isEmpty else {
      throw file.wrong(baseKey, "the base's folder", file.json[baseKey])
    }
    let places = name.hasPrefix("/") ? [name] : [folder + "/" + name, name]
    for place in places {
      // The dot, as only a folder has one.
      if let path = FileSystem.canonicalPath(place + "/.") { return path }
    }
    throw FulcrumError(
      .notFound, "there is no folder '\(name)', which \(baseKey) names", at: file.path,
      hint: "set \(baseKey) to the folder of the model that the adapter was trained on")
  }
}
