import JSON
import Planning
import Testing

/// The engine estimates its own memory (`memory.py`); both are whole bytes.
@Suite struct MemoryPlanTests {
  @Test func `memory is what the engine estimates`() throws {
    let cases = try Golden.read().list("memory")
    #expect(cases.count == 4)
    for one in cases {
      let settings = try one.at("settings")
      var engine = EngineOptions()
      engine.isBF16 = settings["precision"]?.text == "bf16"
      engine.isSharded = settings["shard"]?.text == "fsdp2"
      engine.checkpoints = settings["gradient-checkpointing"]?.bool ?? false
      engine.isAdamW = settings["optimizer"]?.text != "sgd"
      if let rows = settings["decoding-rows"]?.integer { engine.decodingRows = rows }
      if let tokens = settings["microbatch-tokens"]?.integer { engine.microbatchTokens = tokens }
      if let rank = settings["lora-rank"]?.integer { engine.loraRank = rank }
      let completions = try one.integer("completions")
      let job = Job(
        model: try #require(ModelShape.named("Qwen2.5-7B")), prompts: completions, samples: 1,
        promptTokens: try one.integer("prompt"), meanLength: 10,
        maximumLength: try one.integer("completion"), minibatchPrompts: completions,
        hasReference: one["reference"] == .bool(true), engine: engine)
      var machine = try #require(Machine.named("h100"))
      machine.isGPU = try one.at("device").text == "cuda"
      let plan = MemoryPlan(job, machine, Layout(nodes: 1, ranksOfNode: try one.integer("world")))
      for (part, told) in zip(plan.parts, try one.list("parts")) {
        let pair = try #require(told.elements)
        #expect(part.name == pair[0].text)
        #expect(part.bytes == pair[1].double, "\(part.name)")
      }
      #expect(plan.parts.count == (try one.list("parts").count))
    }
  }

  @Test func `what doesn't fit names the parameters that lower it`() throws {
    var engine = EngineOptions()
    engine.isBF16 = true
    var job = Job(
      model: try #require(ModelShape.named("7B")), prompts: 128, samples: 8, promptTokens: 256,
      meanLength: 512, maximumLength: 1024, minibatchPrompts: 128, engine: engine)
    let machine = try #require(Machine.named("h100"))
    let alone = MemoryPlan(job, machine, Layout(nodes: 1, ranksOfNode: 1))
    #expect(!alone.fits)
    #expect(alone.remedies.contains("policy.gradient-checkpointing: true"))
    #expect(alone.remedies.last == "more GPUs with policy.shard: fsdp2")
    job.engine.isSharded = true
    job.engine.checkpoints = true
    job.engine.decodingRows = 64
    let shared = MemoryPlan(job, machine, Layout(nodes: 1, ranksOfNode: 8))
    #expect(shared.fits)
    #expect(shared.peak == "sampling")
    job.model = try #require(ModelShape.named("70B"))
    let large = MemoryPlan(job, machine, Layout(nodes: 8, ranksOfNode: 8))
    #expect(!large.fits)
    #expect(large.remedies == ["policy.sampler: vllm, on GPUs of its own"])
  }
}
