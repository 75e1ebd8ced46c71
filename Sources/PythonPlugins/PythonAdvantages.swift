import FulcrumKernel
import JSON
import Wire

/// A transform or a schedule sees the whole batch: these are its arrays, with the columns that it needs.
struct BatchFrame {
  let header: [JSONMember]
  let arrays: [(name: String, array: WireArray)]

  init(_ batch: RolloutBatch, _ advantages: Span<Float>, needs: Set<Column>) {
    let sequences = batch.sequences
    header = [JSONMember("step", .integer(Int(batch.step)))]
    let columns = batch.columns
    var arrays: [(name: String, array: WireArray)] = [
      ("advantages", WireArray(advantages.array)), ("rewards", WireArray(batch.rewards.array)),
      ("finished", WireArray(batch.isFinished.array)),
      ("tokens", WireArray(sequences.tokens.array)),
      ("offsets", WireArray(sequences.offsets.array)),
      ("promptTokens", WireArray(sequences.promptTokens.array)),
      ("promptOffsets", WireArray(sequences.promptOffsets.array)),
      ("groupOffsets", WireArray(sequences.groupOffsets.array)),
      ("minibatchOffsets", WireArray(batch.minibatchOffsets.array)),
    ]
    for column in columns.columns where needs.contains(column) {
      arrays.append((column.arrayName, column.array(columns.array(of: column))))
    }
    self.arrays = arrays
  }
}

extension Column {
  var arrayName: String { "column:" + name }

  /// The values as they travel: [tokens], or [tokens, K].
  func array(_ values: [Float]) -> WireArray {
    let (width, flat) = (statistic.width, WireArray(values))
    guard width > 1 else { return flat }
    return WireArray(.f32, shape: [values.count / width, width], bytes: flat.bytes)
  }
}

extension Span where Element: BitwiseCopyable {
  var array: [Element] { withUnsafeBufferPointer { Array($0) } }
}

/// An advantage transform in Python, one call a batch.
struct PythonTransform: ReportingTransform, PythonComponent {
  private let instance: PythonInstance
  let needs: Set<Column>

  init(_ instance: PythonInstance, needs: Set<Column>) {
    (self.instance, self.needs) = (instance, needs)
  }

  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let content = BatchFrame(batch, advantages.span, needs: needs)
    let frame = try instance.call("transform", content.header, content.arrays)
    try instance.fill(&advantages, from: frame, "advantages", call: "transform")
    try instance.report(frame, to: &metrics)
  }
}

/// A schedule in Python, one call a batch.
struct PythonScheduler: ReportingScheduler, PythonComponent {
  private let instance: PythonInstance
  let needs: Set<Column>
  let passes: Int
  let nesting: PhaseNesting

  init(_ instance: PythonInstance, needs: Set<Column>, passes: Int, nesting: PhaseNesting) {
    self.instance = instance
    self.needs = needs
    self.passes = passes
    self.nesting = nesting
  }

  func phases(
    for batch: RolloutBatch, advantages: Span<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) -> [UpdatePhase] {
    let content = BatchFrame(batch, advantages, needs: needs)
    let frame = try instance.call("phases", content.header, content.arrays)
    try instance.report(frame, to: &metrics)
    return try instance.read("phases") { () throws(WireFault) in
      var phases: [UpdatePhase] = []
      for (number, phase) in (frame["phases"]?.elements ?? []).enumerated() {
        guard let name = phase["name"]?.text else { throw WireFault("expected a phase's name") }
        let isAll = phase["all"]?.bool == true
        phases.append(
          UpdatePhase(
            name: name, participates: isAll ? nil : try frame.array("mask-\(number)").flags()))
      }
      return phases
    }
  }
}

extension PythonInstance {
  /// Puts a reply's numbers in the place of what is there.
  func fill(
    _ values: inout MutableSpan<Float>, from frame: WireFrame, _ name: String, call: String
  ) throws(FulcrumError) {
    let count = values.count
    let found = try read(call) { () throws(WireFault) in
      let found = try frame.array(name).floats()
      guard found.count == count else {
        throw WireFault("expected \(count) numbers as '\(name)', got \(found.count)")
      }
      return found
    }
    for index in found.indices { values[index] = found[index] }
  }
}

/// The host's view of a Python file's component. Its manual is the file's, not the type's.
protocol PythonComponent: Component {}

extension PythonComponent {
  static var manual: ComponentManual {
    ComponentManual(name: "python", summary: "a function of a Python file", source: "its file")
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw FulcrumError(.unsupported, "a Python component is made by its file's process")
  }
}
