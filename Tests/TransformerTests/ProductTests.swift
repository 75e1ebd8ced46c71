import FulcrumKernel
import Testing
import TransformerFormats
import TransformerKernels
import TransformerPlugin

/// Every library and precision of the large products that this machine has.
struct ProductTests {
  /// Values of the parameters `products` and `precision`.
  struct Way: CustomTestStringConvertible, Sendable {
    let products, precision: String
    var testDescription: String { "\(precision) by \(products)" }
    var parameters: [String: ParameterValue] {
      ["products": .text(products), "precision": .text(precision)]
    }
  }

  static let openBLAS = Way(products: "openblas", precision: "f32")
  static let ways =
    [openBLAS]
    + ProductBackEnd.Precision.allCases.filter {
      (try? ProductBackEnd.choose(.oneDNN, $0)) != nil
    }.map { Way(products: "onednn", precision: $0.rawValue) }
  static let half = ways.filter { $0.precision == "bf16" }

  /// Matrices of several panels, whole and cut.
  private func policy(_ way: Way, threads: Int) throws -> TransformerPolicy {
    let shape: [String: ParameterValue] = [
      "width": .integer(160), "heads": .integer(5), "key-value-heads": .integer(1),
      "hidden-width": .integer(328), "microbatch-tokens": .integer(400),
    ]
    return try Fixtures.variedPolicy(
      .qwen2, threads: threads, more: shape.merging(way.parameters) { _, new in new })
  }

  private func batch() -> SequenceBatch {
    func tokens(_ count: Int, _ factor: Int, _ offset: Int) -> [Int32] {
      (0..<count).map { i in Int32(3 + (i * factor + offset) % 250) }
    }
    let groups = 0..<5
    return SequenceBatch(
      prompts: groups.map { group in tokens(12 + group, 7, group) },
      completions: groups.map { group in
        (0..<4).map { sample in tokens(11 + 7 * sample, 31, sample * 5 + group) }
      })
  }

  private func weights(_ batch: SequenceBatch) -> [Float] {
    (0..<batch.tokenCount).map { Float(($0 * 7) % 5) - 2 }
  }

  @Test(arguments: ways)
  func `sampled and trained log-probabilities are the same bits`(_ way: Way) throws {
    let policy = try policy(way, threads: 2)
    // From many rows a step, on tiles of rows, to a few, whose columns are shared out.
    let generation = try policy.generate(
      GenerationRequest(
        prompts: (0..<9).map { .init(tokens: [Int32(7 + $0), 9, 4], id: UInt32($0)) },
        samplesPerPrompt: 12, maximumTokens: 60, temperature: 1, seed: 3, step: 1))
    let scores = try policy.allScores(generation.sequences)
    #expect(generation.sequences.tokenCount > 1000)
    guard way.products == "openblas", !MatrixProduct.rowsStandAlone else {
      #expect(scores.logProbabilities == generation.logProbabilities)
      return
    }
    // Sums of up to 328 products in two orders, through the layers, in f32.
    for (one, other) in zip(scores.logProbabilities, generation.logProbabilities) {
      #expect(abs(one - other) < 1e-4)
    }
  }

  @Test(arguments: ways)
  func `weights and samples are the same bits for 1, 2 and 3 threads`(_ way: Way) throws {
    let batch = batch()
    let results = try [1, 2, 3].map { threads in
      let policy = try policy(way, threads: threads)
      for _ in 0..<2 {
        try policy.accumulate(batch, weights: weights(batch))
        _ = try policy.applyGradient(learningRate: 0.01)
      }
      let generation = try policy.generate(
        GenerationRequest(
          prompts: [.init(tokens: [7, 9, 4], id: 1)], samplesPerPrompt: 6, maximumTokens: 20,
          temperature: 1, seed: 3, step: 1))
      return (policy.parameterBits, generation.logProbabilities)
    }
    for more in results.dropFirst() {
      #expect(more.0 == results[0].0)
      #expect(more.1 == results[0].1)
    }
  }

  @Test(arguments: ways)
  func `parameters that a step changed are those of the next products`(_ way: Way) throws {
    let policy = try policy(way, threads: 2)
    let batch = batch()
    let before = try policy.allScores(batch).logProbabilities
    try policy.accumulate(batch, weights: (0..<batch.tokenCount).map { _ in 1 })
    _ = try policy.applyGradient(learningRate: 0.01)
    let after = try policy.allScores(batch).logProbabilities
    // A step along the gradient of their sum raises it by much more than rounding does.
    #expect(after.reduce(0, +) > before.reduce(0, +) + 10)
  }

  @Test(arguments: Fixtures.checkpoints)
  func `gradients by OpenBLAS agree with float64`(_ name: String) throws {
    try expectReferenceGradients(name, Self.openBLAS, tolerance: 2e-5)
  }

  /// bfloat16 keeps 8 bits, so a factor is off by up to 2⁻⁹; over the dozen products of a path
  /// these faults add up to some 2 %, measured against a tensor's largest entry.
  @Test(.enabled(if: !half.isEmpty), arguments: Fixtures.checkpoints, half)
  func `gradients in bfloat16 are near those of float64`(_ name: String, _ way: Way) throws {
    try expectReferenceGradients(name, way, tolerance: 0.04)
  }

  private func expectReferenceGradients(
    _ name: String, _ way: Way, tolerance: Float
  ) throws {
    let reference = try Fixtures.reference(name)
    let policy = try Fixtures.policy(
      way.parameters.merging(["checkpoint": .text(Fixtures.checkpoint(name))]) { given, _ in given
      },
      threads: 2)
    let weights = zip(reference.weights, reference.promptLengths).flatMap { $0.dropFirst($1) }
    try policy.accumulate(reference.batch, weights: weights)
    let expected = try Fixtures.tensors(
      Fixtures.checkpoint(name) + "/reference_grads_f64.safetensors")
    let network = try #require(policy.network)
    for tensor in network.layout.tensors {
      let values = try #require(expected.first { $0.name == tensor.name }).values
      let largest = values.reduce(0) { max($0, abs($1)) }
      let fault = zip(policy.gradient(of: tensor), values).reduce(0) { max($0, abs($1.0 + $1.1)) }
      #expect(fault / largest < tolerance, "\(tensor.name): \(fault / largest)")
    }
  }

  @Test(.enabled(if: ways.count > 1), arguments: [(576, 960), (90, 1000), (40, 24), (1536, 130)])
  func `a row's product does not depend on other rows or panels`(
    _ inner: Int, _ columns: Int
  ) throws {
    for way in Self.ways.dropFirst() {
      let isHalf = way.precision == "bf16"
      let element = isHalf ? TK_BF16 : TK_F32
      func values(_ count: Int, _ seed: Int) -> [UInt32] {
        (0..<count).map { Float((($0 + seed) * 2_654_435_761) % 1009 - 504).bitPattern }
      }
      /// The numbers in the element's size.
      func packed(_ bits: [UInt32]) -> [UInt16] {
        bits.flatMap {
          isHalf ? [UInt16($0 >> 16)] : [UInt16(truncatingIfNeeded: $0), UInt16($0 >> 16)]
        }
      }
      let x = packed(values(70 * inner, 1))
      let weight = packed(values(columns * inner, 2))
      let bytes = tk_dnn_packed_bytes(Int32(inner), Int32(columns), element)
      let panelBytes = tk_dnn_packed_bytes(Int32(inner), 64, element)
      let place = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      defer { place.deallocate() }
      #expect(tk_dnn_pack(Int32(inner), Int32(columns), element, weight, place))
      func product(rows: Int, columns: Int, panel: Int = 0) -> [Float] {
        var product = tk_product()
        product.rows = Int32(rows)
        product.inner = Int32(inner)
        product.columns = Int32(columns)
        product.x_row_stride = Int32(inner)
        product.x_inner_stride = 1
        product.y_stride = Int32(columns)
        product.element = Int32(element.rawValue)
        var y = [Float](repeating: 0, count: rows * columns)
        #expect(tk_dnn_multiply(&product, x, place + panel * panelBytes, &y))
        return y
      }
      let whole = product(rows: 70, columns: columns)
      for rows in [1, 2, 7, 8, 16, 31, 33, 64] {
        #expect(product(rows: rows, columns: columns) == Array(whole.prefix(rows * columns)))
      }
      for panel in 0..<columns / 64 {
        let part = product(rows: 5, columns: 64, panel: panel)
        for row in 0..<5 {
          let first = row * columns + panel * 64
          #expect(Array(part[row * 64..<row * 64 + 64]) == Array(whole[first..<first + 64]))
        }
      }
    }
  }

  @Test func `numbers are rounded to the nearest bfloat16, ties to even`() {
    let cases: [(Float, UInt16)] = [
      (1, 0x3f80), (-2.5, 0xc020), (0, 0), (-0.0, 0x8000), (.infinity, 0x7f80),
      // Half way between 0x3f80 and 0x3f81, and between 0x3f81 and 0x3f82.
      (Float(bitPattern: 0x3f80_8000), 0x3f80), (Float(bitPattern: 0x3f81_8000), 0x3f82),
      (Float(bitPattern: 0x3f80_8001), 0x3f81), (.greatestFiniteMagnitude, 0x7f80),
      // A NaN whose payload lies in the bits that are cut off.
      (Float(bitPattern: 0x7f80_0001), 0x7fc0),
    ]
    var rounded = [UInt16](repeating: 0, count: cases.count)
    tk_to_bf16(cases.map(\.0), Int32(cases.count), &rounded, 1, Int32(cases.count))
    #expect(rounded == cases.map(\.1))
  }

  @Test func `bfloat16 by OpenBLAS is refused`() {
    let error = #expect(throws: FulcrumError.self) {
      _ = try Fixtures.policy(["products": .text("openblas"), "precision": .text("bf16")])
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message == "expected precision f32 with OpenBLAS, got bf16")
    #expect(error?.hint == "leave out the parameter 'products', or set it to onednn")
  }
}
