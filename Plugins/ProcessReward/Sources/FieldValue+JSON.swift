import FulcrumKernel

/// Writes a row's value as the JSON that it came from.
struct EncodableField: Encodable {
  let value: FieldValue

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .integer(let number): try container.encode(number)
    case .flag(let flag): try container.encode(flag)
    case .list(let values): try container.encode(values.map { EncodableField(value: $0) })
    case .object(let values): try container.encode(values.mapValues { EncodableField(value: $0) })
    case .null: try container.encodeNil()
    @unknown default: try container.encodeNil()
    }
  }
}

/// Writes a message of the conversation that a prompt was made from.
struct EncodableMessage: Encodable {
  let role: String
  let content: String

  init(_ message: ChatMessage) {
    role = message.role.rawValue
    content = message.content
  }
}
