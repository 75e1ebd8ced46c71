import FulcrumKernel
import Planning
import Testing

/// Machine files, and what is wrong with them.
@Suite struct MachineFileTests {
  static let text = """
    name: two cores
    source: measured
    device: cpu
    memory-gib: 8
    cores: 2
    thread-share: 0.9
    rank-share: 0.8
    overlap: 0
    transfer: 1e9
    peak: {f32: 1e11}
    scoring: {pass: 0.01, layer: 0.001, products-f32: 2e10, attention-f32: 3e10, elements: 4e10, logits: 5e7}
    training:
      pass: 0.02
      layer: 0.002
      products-f32: 6e10
      attention-f32: 7e10
      elements: 8e10
      logits: 9e7
      gradients: 1e10
    sampling: {step: 0, layer: 0.001, products-f32: 1e10, weights: 2e10, cache: 3e10, logits: 4e8, layout: 5e9}
    optimizer: {step: 0.1, bytes: 6e9}
    within: {bandwidth: 1e9, latency: 1e-4}
    between: {bandwidth: 1e8, latency: 1e-3}

    """

  @Test func `a file gives a machine`() throws {
    let machine = try Machine(text: Self.text, file: "m.yaml")
    #expect(machine.name == "two cores")
    #expect(machine.source == .measured)
    #expect(!machine.isGPU)
    #expect(machine.memory == 8_589_934_592)
    #expect(machine.peak == PrecisionRate(f32: 1e11, bf16: 0))
    #expect(machine.scoring.products.f32 == 2e10)
    // Without the key a backward pass adds its gradients in no time.
    #expect(machine.scoring.gradients == 1e30)
    #expect(machine.training.gradients == 1e10)
    #expect(machine.sampling.layout == 5e9)
    #expect(machine.server == nil)
    #expect(machine.between == Link(bandwidth: 1e8, latency: 1e-3))
    let server =
      Self.text + "server: {step: 0, layer: 0, products-f32: 1, weights: 1, cache: 1, logits: 1}\n"
    #expect(try Machine(text: server, file: "m.yaml").server?.layout == 0)
  }

  @Test(arguments: [
    ("cores: 2", "coers: 2", "unknown parameter 'coers'", "m.yaml:5: coers"),
    (
      "name: two cores", "name: two cores\nlinks: {a: 1}",
      "unknown section 'links'; a machine file has peak, scoring, training, sampling, server,"
        + " optimizer, within, between", "m.yaml:2: links"
    ),
    (
      "within: {bandwidth: 1e9, latency: 1e-4}", "", "expected the section 'within', got nothing",
      "m.yaml: within"
    ),
    (
      "optimizer: {step: 0.1, bytes: 6e9}", "optimizer: {step: 0.1, bytes: 0}",
      "expected a number in 1.0...1e+30, got 0", "m.yaml:21: optimizer.bytes"
    ),
    (
      "peak: {f32: 1e11}", "peak: 1e11",
      "expected keys with values, got the single value 100000000000.0",
      "m.yaml:10: peak"
    ),
    ("device: cpu", "device: tpu", "expected one of gpu, cpu, got tpu", "m.yaml:3: device"),
  ])
  func `a fault is told with its line`(
    right: String, wrong: String, message: String, place: String
  ) throws {
    let text = Self.text.replacing(right, with: wrong)
    #expect(text != Self.text)
    let error = #expect(throws: FulcrumError.self) { _ = try Machine(text: text, file: "m.yaml") }
    #expect(error?.message == message)
    #expect(error?.location == place)
  }

  @Test func `a file that isn't there names what can be written instead`() throws {
    let error = #expect(throws: FulcrumError.self) { _ = try Machine(file: "no-machine") }
    #expect(error?.message == "no readable machine file here")
    #expect(error?.hint?.hasSuffix("or name one of h100, h200, a100, l40s, rtx-4090") == true)
  }

  /// Data sheets: more of a newer one, and nothing that is measured.
  @Test func `known machines are assumed, and have all rates`() {
    #expect(Machine.known.count == 5)
    for (name, machine) in Machine.known {
      #expect(machine.source == .assumed, "\(name)")
      #expect(machine.isGPU)
      #expect(machine.server != nil)
      for rate in [machine.peak, machine.scoring.products, machine.training.attention] {
        #expect(rate.bf16 > rate.f32)
      }
    }
    #expect(Machine.named("H100")?.peak.bf16 == 989.4e12)
    #expect(Machine.named("h1000") == nil)
  }
}
