import FulcrumKernel
import YAML

/// Reads machines from YAML files, as `measure_machine.py` writes them.
extension Machine {
  /// - Throws: `.notFound`; `.configuration` and `.parameter`, with the line.
  package init(file: String) throws(FulcrumError) {
    let names = Self.known.map(\.name).joined(separator: ", ")
    let text = try YAMLText.read(
      file,
      missing: FulcrumError(
        .notFound, "no readable machine file here", at: file,
        hint:
          "write one with measure_machine.py (Documentation/Planning.md), or name one of \(names)"))
    try self.init(text: text, file: file)
  }

  /// - Parameter file: for messages.
  package init(text: String, file: String) throws(FulcrumError) {
    let tree = try ConfigurationTree(text: text, file: file)
    do throws(FulcrumError) {
      self = try Self.read(tree)
    } catch {
      throw tree.placed(error)
    }
  }

  private static func read(_ tree: ConfigurationTree) throws(FulcrumError) -> Machine {
    let sections = [
      "peak", "scoring", "training", "sampling", "server", "optimizer", "within", "between",
    ]
    for (name, node) in tree.root.sorted(by: { $0.key < $1.key })
    where node.isSection && !sections.contains(name)
      && !topSchema.contains(where: { $0.name == name })
    {
      throw FulcrumError(
        .parameter,
        "unknown section '\(name)'; a machine file has \(sections.joined(separator: ", "))",
        at: name)
    }
    func values(of section: String, _ schema: [Parameter]) throws(FulcrumError) -> Parameters {
      guard let node = tree.root[section] else {
        throw FulcrumError(
          .parameter, "expected the section '\(section)', got nothing", at: section)
      }
      guard case .section(let entries) = node else {
        throw tree.expectedKeys(got: node, under: section, such: schema[0].name)
      }
      return try Parameters(entries.compactMapValues(\.parameterValue), for: schema, at: section)
    }
    let top = try Parameters(
      tree.root.filter { !sections.contains($0.key) }.compactMapValues(\.parameterValue),
      for: topSchema, at: "")
    let peak = try values(of: "peak", rate("", help: "operations a second of matrix products"))
    let scoring = try values(of: "scoring", passSchema)
    let training = try values(of: "training", passSchema)
    let sampling = try values(of: "sampling", stepSchema)
    let server = tree.root["server"] == nil ? nil : try values(of: "server", stepSchema)
    let optimizer = try values(of: "optimizer", optimizerSchema)
    let within = try values(of: "within", linkSchema)
    let between = try values(of: "between", linkSchema)
    let source: Source = try top.text("source") == Source.measured.rawValue ? .measured : .assumed
    return Machine(
      name: try top.text("name"), source: source, isGPU: try top.text("device") == "gpu",
      memory: try top.number("memory-gib") * 1_073_741_824, cores: try top.integer("cores"),
      threadShare: try top.number("thread-share"), rankShare: try top.number("rank-share"),
      peak: try rate(peak, ""), scoring: try passes(scoring), training: try passes(training),
      sampling: try steps(sampling), optimizerStep: try optimizer.number("step"),
      optimizerBytes: try optimizer.number("bytes"), overlap: try top.number("overlap"),
      within: try link(within), between: try link(between), transfer: try top.number("transfer"),
      server: try server.map { (values) throws(FulcrumError) in try steps(values) })
  }

  private static func passes(_ values: Parameters) throws(FulcrumError) -> PassRates {
    PassRates(
      pass: try values.number("pass"), layer: try values.number("layer"),
      products: try rate(values, "products-"), attention: try rate(values, "attention-"),
      elements: try values.number("elements"), logits: try values.number("logits"),
      gradients: try values.number("gradients"))
  }

  private static func steps(_ values: Parameters) throws(FulcrumError) -> StepRates {
    StepRates(
      step: try values.number("step"), layer: try values.number("layer"),
      products: try rate(values, "products-"), weights: try values.number("weights"),
      cache: try values.number("cache"), logits: try values.number("logits"),
      layout: try values.number("layout"))
  }

  private static func link(_ values: Parameters) throws(FulcrumError) -> Link {
    Link(bandwidth: try values.number("bandwidth"), latency: try values.number("latency"))
  }

  private static func rate(_ values: Parameters, _ prefix: String) throws(FulcrumError)
    -> PrecisionRate
  {
    PrecisionRate(
      f32: try values.number(prefix + "f32"), bf16: try values.number(prefix + "bf16"))
  }
}

/// The keys of a machine file. Rates are per second, of one core or device; all times are seconds.
extension Machine {
  /// A rate's range: a cost that was too small to be seen has a rate beyond all others.
  private static let rates = 1.0...1e30
  private static let times = 0.0...3600.0

  private static let topSchema: [Parameter] = [
    .text("name", default: nil, help: "what the machine is"),
    .choice(
      "source", default: Source.assumed.rawValue, of: Source.allCases.map(\.rawValue),
      help: "measured on such a machine, or assumed"),
    .choice("device", default: "gpu", of: ["gpu", "cpu"], help: "what ranks compute on"),
    .number(
      "memory-gib", default: nil, in: 0.001...1e6,
      help: "GiB of a GPU, or of a node whose processor the ranks share"),
    .integer(
      "cores", default: 0, in: 0...65_536,
      help: "cores of a node that its ranks share; 0: each rank has a device of its own"),
    .number(
      "thread-share", default: 1, in: 0.01...1,
      help: "a core's rate while all of one rank's threads are busy, beside alone"),
    .number(
      "rank-share", default: 1, in: 0.01...1,
      help: "a core's rate while as many ranks as cores are busy, beside alone"),
    .number(
      "overlap", default: 0, in: 0...1,
      help: "the share of FSDP's collectives that can hide behind a pass"),
    .number(
      "transfer", default: 1e9, in: rates,
      help: "bytes a second of weights to a sampler of its own"),
  ]
  private static let passSchema: [Parameter] =
    [
      .number("pass", default: nil, in: times, help: "seconds of a pass"),
      .number("layer", default: nil, in: times, help: "seconds of a layer in it"),
    ] + rate("products-", help: "operations a second of matrix products")
    + rate("attention-", help: "operations a second of attention")
    + [
      .number(
        "elements", default: nil, in: rates, help: "bytes of activations a second"),
      .number("logits", default: nil, in: rates, help: "logits a second that are scored"),
      .number(
        "gradients", default: 1e30, in: rates,
        help: "bytes of gradients a second that a backward pass adds to"),
    ]
  private static let stepSchema: [Parameter] =
    [
      .number("step", default: nil, in: times, help: "seconds of a decoding step"),
      .number("layer", default: nil, in: times, help: "seconds of a layer in it"),
    ] + rate("products-", help: "operations a second of matrix products")
    + [
      .number("weights", default: nil, in: rates, help: "bytes of weights that are read a second"),
      .number("cache", default: nil, in: rates, help: "bytes of keys and values a second"),
      .number("logits", default: nil, in: rates, help: "logits a second that are drawn from"),
      .number(
        "layout", default: 0, in: 0...1e30,
        help: "bytes of weights a second that are laid out before sampling; 0: they aren't"),
    ]
  private static let optimizerSchema: [Parameter] = [
    .number("step", default: 0, in: times, help: "seconds of an optimiser step"),
    .number("bytes", default: nil, in: rates, help: "bytes that it moves a second"),
  ]
  private static let linkSchema: [Parameter] = [
    .number(
      "bandwidth", default: nil, in: rates, help: "bytes a second that a rank or a node sends"),
    .number("latency", default: nil, in: times, help: "seconds from one rank to the next"),
  ]

  private static func rate(_ prefix: String, help: String) -> [Parameter] {
    [
      .number(prefix + "f32", default: nil, in: rates, help: help + " in f32"),
      .number(prefix + "bf16", default: 0, in: 0...1e30, help: help + " in bf16; 0: not known"),
    ]
  }
}
