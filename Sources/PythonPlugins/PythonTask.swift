import FulcrumKernel
import JSON
import Wire

/// A task in Python. Items of a finite source are fetched in blocks.
class PythonTask: TaskSource, PythonComponent {
  fileprivate let instance: PythonInstance
  let trainingCount: Int?
  /// The items that came last, from `first` on.
  private var block: (first: Int, items: [TaskItem]) = (0, [])
  private static let blockSize = 64

  init(_ instance: PythonInstance, _ trainingCount: Int?) {
    (self.instance, self.trainingCount) = (instance, trainingCount)
  }

  required init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw FulcrumError(.unsupported, "a Python component is made by its file's process")
  }

  func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem {
    if !(block.first..<block.first + block.items.count).contains(index) {
      // Items that are made on demand may be costly.
      let first = trainingCount == nil ? index : index / Self.blockSize * Self.blockSize
      let count = trainingCount.map { min(Self.blockSize, $0 - first) } ?? 1
      let frame = try instance.call(
        "items",
        [JSONMember("first", .integer(first)), JSONMember("count", .integer(count))])
      let items = try items(frame)
      guard items.count == count else {
        throw FulcrumError(
          .pluginFault, "expected \(count) items from \(first) on, got \(items.count)",
          at: instance.manual.name)
      }
      block = (first, items)
    }
    return block.items[index - block.first]
  }

  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    try items(instance.call("heldOut", [JSONMember("perCategory", .integer(count))]))
  }

  private func items(_ frame: WireFrame) throws(FulcrumError) -> [TaskItem] {
    let value = try instance.json(frame, "items", of: "items")
    return try instance.read("items") { () throws(WireFault) in
      var items: [TaskItem] = []
      for element in value.elements ?? [] { items.append(try TaskItem(element)) }
      return items
    }
  }
}

/// One with worked examples.
final class PythonDemonstratingTask: PythonTask, DemonstrationSource {
  let demonstrationCount: Int?

  init(_ instance: PythonInstance, _ trainingCount: Int?, demonstrations: Int?) {
    demonstrationCount = demonstrations
    super.init(instance, trainingCount)
  }

  required init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    demonstrationCount = nil
    try super.init(parameters, context: context)
  }

  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    let frame = try instance.call("demonstration", [JSONMember("index", .integer(index))])
    let value = try instance.json(frame, "text", of: "demonstration")
    return try instance.read("demonstration") { () throws(WireFault) in try Demonstration(value) }
  }

  func heldOutDemonstrations(atMost count: Int) throws(FulcrumError) -> [Demonstration] {
    let call = "heldOutDemonstrations"
    let frame = try instance.call(call, [JSONMember("count", .integer(count))])
    let value = try instance.json(frame, "pairs", of: call)
    return try instance.read(call) { () throws(WireFault) in
      var demonstrations: [Demonstration] = []
      for element in value.elements ?? [] { demonstrations.append(try Demonstration(element)) }
      return demonstrations
    }
  }
}

extension Demonstration {
  /// The demonstration as Python gives it.
  fileprivate init(_ value: JSONValue) throws(WireFault) {
    guard let completion = value["completion"]?.text else {
      throw WireFault("expected a prompt and a completion, got \(value.excerpt)")
    }
    if let prompt = value["prompt"]?.text {
      self.init(prompt: prompt, completion: completion)
    } else if let messages = value["messages"].flatMap(ChatMessage.conversation) {
      self.init(messages: messages, completion: completion)
    } else {
      throw WireFault("expected a prompt and a completion, got \(value.excerpt)")
    }
  }
}

extension TaskItem {
  /// The item as Python gives it.
  fileprivate init(_ value: JSONValue) throws(WireFault) {
    guard let id = value["id"]?.text, let prompt = value["prompt"]?.text,
      let answer = value["answer"]?.text, let category = value["category"]?.text
    else { throw WireFault("expected an item, got \(value.excerpt)") }
    let given = value["messages"]
    guard
      let messages = given.flatMap(ChatMessage.conversation) ?? (given?.elements == [] ? [] : nil)
    else { throw WireFault("expected messages, got \(given?.excerpt ?? "none")") }
    var fields: [String: FieldValue] = [:]
    for member in value["fields"]?.members ?? [] { fields[member.key] = FieldValue(member.value) }
    self.init(
      id: id, prompt: prompt, answer: answer, category: category, fields: fields,
      messages: messages)
    location = value.present("location")?.text
    form = value.present("form")?.text
  }
}
