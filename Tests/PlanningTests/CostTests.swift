import Foundation
import JSON
import Planning
import Testing

/// Costs of single passes and steps.
@Suite struct CostTests {
  /// Rates that are all 1: a cost's parts are then the units that the engine's own terms count.
  static let unit = PassRates(
    pass: 1, layer: 1, products: PrecisionRate(f32: 1, bf16: 1),
    attention: PrecisionRate(f32: 1, bf16: 1), elements: 1, logits: 1, gradients: 1)

  /// Whole numbers below 2^53, so they are equal.
  @Test func `a pass is made of the terms that coefficients are fitted to`() throws {
    let terms = try Golden.read().at("terms")
    let counts = try terms.numbers("work")
    let work = PassWork(calls: counts[0], tokens: counts[1], pairs: counts[2], scored: counts[3])
    let model = try #require(ModelShape.named("Qwen2.5-0.5B"))
    let training = PassFactors.training(
      adapterWeights: 0, gradients: Double(model.parameterCount), checkpoints: false,
      recomputesHead: true)
    for (name, factors) in [("scoring", PassFactors.scoring), ("training", training)] {
      let cost = Self.unit.cost(work, of: model, isBF16: false, factors)
      let expected = try terms.numbers(name)
      #expect(cost[.overhead] == expected[0] + expected[1])
      #expect(cost[.products] == expected[2])
      #expect(cost[.attention] == expected[3])
      #expect(cost[.elements] == expected[4])
      #expect(cost[.logits] == expected[5])
      #expect(cost[.gradients] == expected[6])
    }
  }

  /// Of frozen weights one of two backward products is left; checkpointing adds a forward pass.
  @Test func `adapters and checkpointing change what a backward pass computes`() {
    let adapters = PassFactors.training(
      adapterWeights: 10, gradients: 10, checkpoints: false, recomputesHead: false)
    #expect(adapters.rows == 2)
    #expect(adapters.head == 2)
    #expect(adapters.adapters == 60)
    let again = PassFactors.training(
      adapterWeights: 0, gradients: 0, checkpoints: true, recomputesHead: true)
    #expect(again.rows == 4)
    #expect(again.rest == 4)
    #expect(again.head == 4)
    #expect(again.calls == 4.0 / 3)
  }

  @Test func `decoding takes the steps that the engine takes`() throws {
    let cases = try Golden.read().list("decoding")
    #expect(cases.count == 3)
    for one in cases {
      let prompts = try one.integers("prompts")
      let samples = try one.integer("samples")
      let rows = try one.integers("lengths").enumerated().map { index, length in
        DecodingWork.Row(
          group: index / samples, prompt: prompts[index / samples], length: length)
      }
      let model = try ModelShape(folder: Golden.tests.path + "/Fixtures/tiny-llama")
      let steps = StepRates(
        step: 1, layer: 0, products: PrecisionRate(f32: 1, bf16: 0), weights: 1e30, cache: 1,
        logits: 1, layout: 0)
      var prefill = Self.unit
      (prefill.pass, prefill.layer, prefill.elements, prefill.logits) = (0, 0, 1e30, 1e30)
      prefill.attention.f32 = 1e30
      prefill.products.f32 = 1e30
      let work = DecodingWork(
        rows: rows, most: try one.integer("rows"), prefillTokens: try one.integer("budget"),
        isPadded: true)
      let sampler = Sampler(steps: steps, prefill: prefill, model: model, isBF16: false)
      let cost = sampler.cost(work)
      let live = try one.number("live")
      #expect(cost[.overhead] == (try one.number("steps")))
      #expect(cost[.cache] == Double(model.movedCacheBytes(4)) * (try one.number("places")))
      // Each completion's first token is drawn from its prompt's pass. Relative: passes add 1e-20.
      let drawn = (live + Double(rows.count)) * Double(model.vocabulary)
      #expect(abs(cost[.logits] / drawn - 1) < 1e-12)
      let products = live * (model.rowOperations + model.headOperations)
      #expect(abs(cost[.products] / products - 1) < 1e-12)
      // Alone, the passes over prompts: padded tokens and one row of logits of each.
      prefill.products.f32 = 1
      var alone = sampler
      alone.prefill = prefill
      alone.steps.products.f32 = 1e30
      var tokens = 0.0
      var groups = 0.0
      for pass in try one.list("prefilled") {
        let sizes = try #require(pass.elements).map { try #require($0.integer) }
        tokens += Double(sizes[0] * sizes[1])
        groups += Double(sizes[0])
      }
      let passes = tokens * model.rowOperations + groups * model.headOperations
      #expect(abs(alone.cost(work)[.products] / passes - 1) < 1e-12)
    }
  }

  /// The step of the terms: 7 rows, the longest of 90 places with its new one.
  @Test func `a decoding step takes the longer of its products and its weights`() throws {
    let terms = try Golden.read().at("terms").numbers("step")
    let model = try #require(ModelShape.named("Qwen2.5-0.5B"))
    let rows = (0..<7).map { _ in DecodingWork.Row(group: 0, prompt: 89, length: 2) }
    func cost(weights: Double) -> Cost {
      let rates = StepRates(
        step: 1, layer: 1, products: PrecisionRate(f32: 1, bf16: 0), weights: weights, cache: 1,
        logits: 1, layout: 0)
      var prefill = Self.unit
      (prefill.pass, prefill.layer, prefill.elements) = (0, 0, 1e30)
      prefill.products.f32 = 1e30
      prefill.attention.f32 = 1e30
      return Sampler(steps: rates, prefill: prefill, model: model, isBF16: false).cost(
        DecodingWork(rows: rows, most: 7, prefillTokens: 8192, isPadded: true))
    }
    let fast = cost(weights: 1e30)
    #expect(fast[.overhead] == terms[0] + terms[1])
    #expect(abs(fast[.products] / terms[2] - 1) < 1e-12)
    #expect(fast[.weights] == 0)
    #expect(fast[.cache] == terms[4])
    // One draw of each row from the prompt's pass, one from the step.
    #expect(fast[.logits] == 2 * terms[5])
    let slow = cost(weights: 0.001)
    #expect(abs(slow[.weights] / (1000 * terms[3]) - 1) < 1e-12)
    #expect(slow[.products] < 1e-9)
  }
}
