/// Holds a key of an object whose keys are data, such as the names of metrics.
struct NamedKey: CodingKey {
  static let step = NamedKey("step")

  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}
