import FulcrumKernel
import Testing
import TransformerFormats

/// Rotary scalings of GGUF files.
struct GGUFRopeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shape(_ change: (inout GGUFBuilder) -> Void) throws -> ModelShape {
    var builder = GGUFBuilder.tiny()
    change(&builder)
    return try GGUFCheckpoint(path: folder.write(builder.file(), "f.gguf")).shape
  }

  private func line(_ change: (inout GGUFBuilder) -> Void) throws -> String {
    try fault { try shape(change) }.line
  }

  private func factors(_ values: [Float]) -> GGUFBuilder.Tensor {
    GGUFBuilder.Tensor(
      name: "rope_freqs.weight", shape: [values.count], type: .f32,
      bytes: GGUFBuilder.floats(values))
  }

  @Test func `two keys scale linearly, as llama cpp reads them`() throws {
    func scaling(_ pairs: [(String, GGUFBuilder.Value)]) throws -> RopeScaling {
      try shape { for (key, value) in pairs { $0.set("llama.rope." + key, value) } }.ropeScaling
    }
    #expect(
      try scaling([("scaling.type", .text("linear")), ("scaling.factor", .float(2.5))])
        == .linear(factor: 2.5))
    // Without a type the scaling is linear; the second key is the older one.
    #expect(try scaling([("scaling.factor", .float(4))]) == .linear(factor: 4))
    #expect(try scaling([("scale_linear", .float(4))]) == .linear(factor: 4))
    #expect(
      try scaling([("scale_linear", .float(4)), ("scaling.factor", .float(2))])
        == .linear(factor: 2))
    #expect(try scaling([("scaling.type", .text("linear"))]) == .none)
    #expect(try scaling([("scaling.type", .text("none")), ("scaling.factor", .float(1))]) == .none)
    #expect(try scaling([("scaling.factor", .float(0))]) == .none)
  }

  @Test func `other scalings are refused by name`() throws {
    func line(_ key: String, _ value: GGUFBuilder.Value) throws -> String {
      try self.line {
        $0.set("llama.rope.scaling.factor", .float(2))
        $0.set("llama.rope." + key, value)
      }
    }
    #expect(
      try line("scaling.type", .text("yarn"))
        == "[unsupported] f.gguf: 'llama.rope.scaling.type' is \"yarn\", expected \"linear\" or"
        + " \"none\"")
    #expect(
      try line("scaling.type", .text("none"))
        == "[unsupported] f.gguf: 'llama.rope.scaling.factor' is 2.0, expected 1 with a"
        + " 'scaling.type' of \"none\"")
    for value in [-2, .infinity, .nan] as [Float] {
      #expect(
        try line("scaling.factor", .float(value))
          == "[checkpoint] f.gguf: 'llama.rope.scaling.factor' must be a positive number, got"
          + " \(Double(value))")
    }
    #expect(
      try line("scaling.attn_factor", .float(1.5))
        == "[unsupported] f.gguf: 'llama.rope.scaling.attn_factor' is 1.5, expected 1")
  }

  @Test func `factors that are not Llama 3's are refused`() throws {
    #expect(
      try line { $0.tensors.append(factors([1, 8, 8])) }
        == "[checkpoint] f.gguf: tensor 'rope_freqs.weight' has the shape [3], expected [2]")
    for wrong in [[8, 1], [1, 0], [-1, 8], [1, 0.5]] as [[Float]] {
      #expect(
        try line { $0.tensors.append(factors(wrong)) }
          == "[unsupported] f.gguf: tensor 'rope_freqs.weight' holds factors that Llama 3's rule"
          + " doesn't give", "\(wrong)")
    }
    #expect(
      try line {
        $0.tensors.append(factors([1, .nan]))
      }
        == "[checkpoint] f.gguf: tensor 'rope_freqs.weight' holds nan at element 1, expected finite"
        + " values")
    #expect(
      try line {
        $0.set("llama.rope.scale_linear", .float(2))
        $0.tensors.append(factors([1, 8]))
      }
        == "[unsupported] f.gguf: there are both 'rope_freqs.weight' and a linear scaling by 2.0,"
        + " expected one of them")
    // Factors of 1 change nothing.
    #expect(try shape { $0.tensors.append(factors([1, 1])) }.ropeScaling == .none)
  }

  /// What the converter would write for a scaling, in float32.
  private func factors(
    of scaling: RopeScaling, headSize: Int, theta: Double
  ) -> [Float] {
    let plain = RopeScaling.none.frequencies(headSize: headSize, theta: theta)
    let scaled = scaling.frequencies(headSize: headSize, theta: theta)
    return zip(plain, scaled).map { Float($0 / $1) }
  }

  @Test func `constants come back from the factors that they give`() throws {
    typealias Llama3 = RopeScaling.Llama3
    // Llama 3.1 with heads of 128 and Llama 3.2 with heads of 64; then constants that nobody publishes.
    for (factor, high, context, headSize, theta) in [
      (8, 4, 8192, 128, 5e5), (32, 4, 8192, 64, 5e5), (16, 4, 4096, 128, 5e5), (4, 2, 512, 64, 1e4),
      (8, 32.5, 1000, 64, 1e4), (2, 4, 131_072, 128, 1e6),
    ] as [(Double, Double, Int, Int, Double)] {
      let llama3 = Llama3(
        factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: high,
        originalContextLength: context)
      let factors = factors(of: .llama3(llama3), headSize: headSize, theta: theta)
      #expect(Llama3(dividing: factors, headSize: headSize, theta: theta) == llama3)
      // Another base makes other wavelengths.
      #expect(Llama3(dividing: factors, headSize: headSize, theta: 1.5 * theta) != llama3)
      // One factor that is off by a thousandth is no longer the rule's.
      var damaged = factors
      damaged[headSize / 4] *= 1.001
      #expect(Llama3(dividing: damaged, headSize: headSize, theta: theta) == nil)
    }
  }

  @Test func `a lower frequency factor other than 1 gives the same frequencies`() throws {
    let twice = RopeScaling.Llama3(
      factor: 8, lowFrequencyFactor: 2, highFrequencyFactor: 8, originalContextLength: 16384)
    let factors = factors(of: .llama3(twice), headSize: 64, theta: 5e5)
    let found = try #require(RopeScaling.Llama3(dividing: factors, headSize: 64, theta: 5e5))
    #expect(
      RopeScaling.llama3(found).frequencies(headSize: 64, theta: 5e5)
        == RopeScaling.llama3(twice).frequencies(headSize: 64, theta: 5e5))
  }
}
