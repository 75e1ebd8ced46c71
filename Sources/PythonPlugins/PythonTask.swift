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
final class PythonDemonstratingTask: PythonTask, DemonstratingTask {
  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    let frame = try instance.call("demonstration", [JSONMember("index", .integer(index))])
    let value = try instance.json(frame, "text", of: "demonstration")
    return try instance.read("demonstration") { () throws(WireFault) in
      guard let prompt = value["prompt"]?.text, let completion = value["completion"]?.text else {
        throw WireFault("expected a prompt and a completion, got \(value.excerpt)")
      }
      return Demonstration(prompt: prompt, completion: completion)
    }
  }
}

extension TaskItem {
  /// The item as Python gives it.
  fileprivate init(_ value: JSONValue) throws(WireFault) {
    guard let id = value["id"]?.text, let prompt = value["prompt"]?.text,
      let answer = value["answer"]?.text, let category = value["category"]?.text
    else { throw WireFault("expected an item, got \(value.excerpt)") }
    var messages: [ChatMessage] = []
    for message in value["messages"]?.elements ?? [] {
      guard let role = message["role"]?.text.flatMap(ChatMessage.Role.init(rawValue:)),
        let content = message["content"]?.text
      else {
        throw WireFault("expected a message with role and content, got \(message.excerpt)")
      }
      messages.append(ChatMessage(role, content))
    }
    var fields: [String: FieldValue] = [:]
    for member in value["fields"]?.members ?? [] { fields[member.key] = FieldValue(member.value) }
    self.init(
      id: id, prompt: prompt, answer: answer, category: category, fields: fields,
      messages: messages)
    location = value.present("location")?.text
    form = value.present("form")?.text
  }
}
