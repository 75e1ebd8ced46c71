import FulcrumKernel
import PluginHost
import YAML

extension ForeignManifest {
  private static let keys = [
    "fulcrum-foreign", "name", "kind", "version", "summary", "source", "formula", "library",
    "function", "returns", "arguments", "parameters", "correct-from", "phases", "passes", "nesting",
    "examples",
  ]

  /// Reads a manifest.
  ///
  /// - Parameter name: the one in the file's name, which the manifest must repeat.
  /// - Throws: `.configuration`, with the key path as location.
  init(_ tree: ConfigurationTree, name expected: String) throws(FulcrumError) {
    let top = ManifestSection(tree.root, path: "")
    let format = try top.required(
      "fulcrum-foreign", try top.integer("fulcrum-foreign"), "the format's number 1")
    guard format == Self.format else {
      throw top.refuse(
        "fulcrum-foreign", "expected format \(Self.format), got \(format)",
        hint: "this host reads format \(Self.format) only")
    }
    try top.check(Self.keys)
    let name = try top.required("name", try top.text("name"), "a text")
    guard name == expected else {
      throw top.refuse(
        "name", "expected '\(expected)', as the file is named, got '\(name)'",
        hint: "name the file \(name).fulcrum.yaml, or the component '\(expected)'")
    }
    let kinds = Self.kinds.map(\.rawValue)
    let kindText = try top.choice("kind", of: kinds)
    kind = try top.required(
      "kind", kindText.flatMap(HostComponent.Kind.init), "one of " + kinds.joined(separator: ", "))
    let parameters = try Self.parameters(top)
    manual = ComponentManual(
      name: name, summary: try top.required("summary", try top.text("summary"), "a text"),
      source: try top.required("source", try top.text("source"), "a text"),
      formula: try top.text("formula") ?? "", parameters: parameters)
    version = try top.text("version") ?? "0"
    library = try top.required("library", try top.text("library"), "the library's path")
    function = try top.required("function", try top.text("function"), "the function's symbol")
    returns = try Self.returns(top, kind)
    arguments = try Self.arguments(top, kind, parameters)
    try Self.check(arguments, kind, returns, top)

    correctFrom = try top.number("correct-from") ?? 1
    phases = try top.texts("phases") ?? []
    passes = try top.integer("passes") ?? 1
    nesting =
      PhaseNesting(
        rawValue: try top.choice(
          "nesting",
          of: [PhaseNesting.phaseByPhase.rawValue, PhaseNesting.minibatchByMinibatch.rawValue])
          ?? "") ?? .phaseByPhase
    try Self.checkScope(top, kind)
    if kind == .updateScheduler {
      guard !phases.isEmpty, Set(phases).count == phases.count else {
        throw top.refuse(
          "phases", "expected the phases' names, each once", hint: "write phases: [low, high]")
      }
      guard (1...phases.count).contains(passes) else {
        throw top.refuse("passes", "expected 1...\(phases.count), got \(passes)")
      }
    }

    guard let nodes = try top.list("examples"), !nodes.isEmpty else {
      throw top.refuse(
        "examples", "expected at least one worked example, got none",
        hint: "give what goes in and what comes out; they are run before the library is used")
    }
    var examples: [ForeignExample] = []
    let reader = ExampleReader(
      kind: kind, quantities: Set(arguments.compactMap(\.quantity)), parameters: parameters,
      phases: phases)
    for (index, node) in nodes.enumerated() {
      let path = "examples[\(index)]"
      examples.append(
        try reader.read(try ManifestSection(node, path: path), line: tree.line(of: path)))
    }
    self.examples = examples
  }

  /// Refuses keys that speak of another kind.
  private static func checkScope(
    _ top: ManifestSection, _ kind: HostComponent.Kind
  ) throws(FulcrumError) {
    let scopes: [(String, HostComponent.Kind)] = [
      ("correct-from", .reward), ("phases", .updateScheduler), ("passes", .updateScheduler),
      ("nesting", .updateScheduler),
    ]
    for (key, owner) in scopes where owner != kind && top.entries[key] != nil {
      throw top.refuse(
        key, "only a manifest of kind \(owner.rawValue) has this key, got kind \(kind.rawValue)")
    }
  }

  private static func returns(
    _ top: ManifestSection, _ kind: HostComponent.Kind
  ) throws(FulcrumError) -> ForeignReturn {
    let choices = ForeignReturn.choices(for: kind).map(\.rawValue)
    let text = try top.choice("returns", of: choices)
    return try top.required(
      "returns", text.flatMap(ForeignReturn.init), "one of " + choices.joined(separator: ", "))
  }

  private static func arguments(
    _ top: ManifestSection, _ kind: HostComponent.Kind, _ parameters: [Parameter]
  ) throws(FulcrumError) -> [ForeignArgument] {
    guard let nodes = try top.list("arguments"), !nodes.isEmpty else {
      throw top.refuse("arguments", "expected a list of {type: …, bind: …}")
    }
    var arguments: [ForeignArgument] = []
    for (index, node) in nodes.enumerated() {
      let section = try ManifestSection(node, path: "arguments[\(index)]")
      try section.check(["type", "bind"])
      let typeText = try section.choice("type", of: ForeignType.allCases.map(\.rawValue))
      let type = try section.required("type", typeText.flatMap(ForeignType.init), "a C type")
      let text = try section.required("bind", try section.text("bind"), "a binding")
      let (binding, types) = try self.binding(text, section, kind, parameters)
      guard types.contains(type) else {
        throw section.refuse(
          "type",
          "expected \(types.map(\.rawValue).joined(separator: " or ")) for '\(text)',"
            + " got \(type.rawValue)")
      }
      arguments.append(ForeignArgument(type: type, binding: binding))
    }
    return arguments
  }

  private static func binding(
    _ text: String, _ section: ManifestSection, _ kind: HostComponent.Kind,
    _ parameters: [Parameter]
  ) throws(FulcrumError) -> (ForeignBinding, [ForeignType]) {
    let prefix = "parameter "
    if text.hasPrefix(prefix) {
      let name = String(text.dropFirst(prefix.count))
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        throw section.refuse(
          "bind", "the manifest declares no parameter '\(name)'",
          hint: NearNames.hint(for: name, among: parameters.map(\.name)))
      }
      return (.parameter(name), parameter.foreignTypes)
    }
    guard let quantity = ForeignQuantity(rawValue: text), let types = quantity.types(for: kind)
    else {
      throw section.refuse(
        "bind", "a function of kind \(kind.rawValue) can't be given '\(text)'",
        hint: NearNames.hint(
          for: text, among: ForeignQuantity.all(for: kind).map(\.rawValue) + ["parameter NAME"]))
    }
    return (.quantity(quantity), types)
  }

  /// Checks that what is written has one place, and each array its count.
  private static func check(
    _ arguments: [ForeignArgument], _ kind: HostComponent.Kind, _ returns: ForeignReturn,
    _ top: ManifestSection
  ) throws(FulcrumError) {
    let quantities = arguments.compactMap(\.quantity)
    for needed in ForeignQuantity.results(of: kind, returns: returns)
    where !quantities.contains(needed) {
      throw top.refuse(
        "arguments",
        "expected an argument bound to '\(needed.rawValue)', where the function"
          + " leaves what it computes",
        hint: "add {type: \(needed.types(for: kind)?.first?.rawValue ?? ""), bind:"
          + " \(needed.rawValue)}")
    }
    for (index, argument) in arguments.enumerated() {
      guard let quantity = argument.quantity else { continue }
      let place = "arguments[\(index)].bind"
      if argument.type.isWritable, quantities.filter({ $0 == quantity }).count > 1 {
        throw FulcrumError(
          .configuration, "'\(quantity.rawValue)' is written to, so only one argument can have it",
          at: place)
      }
      if quantity == .result, returns != .status {
        throw FulcrumError(
          .configuration, "the function returns its reward, so it has no 'result'", at: place,
          hint: "remove the argument, or write returns: status")
      }
      if kind != .reward, argument.type.elementSize != nil, let count = quantity.count,
        !quantities.contains(count)
      {
        throw FulcrumError(
          .configuration,
          "the function can't know how long '\(quantity.rawValue)' is", at: place,
          hint: "add {type: i64, bind: \(count.rawValue)}")
      }
    }
  }
}

extension ForeignArgument {
  /// The quantity that it is bound to; `nil`: a parameter.
  var quantity: ForeignQuantity? {
    if case .quantity(let quantity) = binding { quantity } else { nil }
  }
}
