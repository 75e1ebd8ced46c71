import Foundation
import Testing

@Suite struct CommandTests {
  private let fulcrum = CommandLine()

  @Test func `the list shows each library's path, version and components`() throws {
    let result = try fulcrum.run("plugin", "list")
    #expect(result.status == 0)
    for name in ["grpo", "advantage-reweighting", "lopti", "knights-and-knaves", "transformer"] {
      #expect(result.output.contains("\(name) 0.1.0\n"))
      #expect(result.output.contains("/libfulcrum-\(name).so"))
    }
    #expect(result.output.contains("advantage-transform grpo, policy-objective grpo"))
  }

  @Test func `a plugin's manual has defaults, ranges and help`() throws {
    let result = try fulcrum.run("plugin", "info", "lopti")
    #expect(result.output.contains("eta: a number in 0.0...1.0, default 0.5"))
    #expect(result.output.contains("order: one of low-first, high-first, default low-first"))
    let unknown = try fulcrum.run("plugin", "info", "lopto")
    #expect(unknown.status == 2)
    #expect(unknown.errors.contains("lopti"))
  }

  @Test func `a missing library is named with the places that were tried`() throws {
    let folder = try CommandLine.Folder()
    let files = FileManager.default
    let products = CommandLine.products
    for name in try files.contentsOfDirectory(atPath: products)
    where name == "fulcrum" || (name.hasSuffix(".so") && name != "libfulcrum-lopti.so") {
      try files.copyItem(atPath: products + "/" + name, toPath: folder.path + "/" + name)
    }
    let config = try SmallRun.configuration(start: "", in: folder.path)
    let moved = CommandLine(executable: folder.path + "/fulcrum")
    let result = try moved.run("train", config)
    #expect(result.status == 2)
    #expect(result.errors.contains("run.yaml:5: schedule.use: "))
    #expect(result.errors.contains("lopti"))
    #expect(result.errors.contains(folder.path))
    // The other libraries still serve.
    #expect(try moved.run("plugin", "list").status == 0)
  }

  @Test func `wrong requests have status 2 and say what is meant`() throws {
    let folder = try CommandLine.Folder()
    let config = try SmallRun.configuration(start: "nowhere", in: folder.path)
    // Where runs go by default; whoever trained here before has some.
    let runs = { try? FileManager.default.contentsOfDirectory(atPath: "runs").sorted() }
    let earlier = runs()
    #expect(try fulcrum.run("train", folder.path + "/none.yaml").status == 2)
    #expect(try fulcrum.run("train").status == 2)
    #expect(try fulcrum.run("--no-such-flag").status == 2)
    let key = try fulcrum.run("train", config, "--set", "rollout.prompt=3")
    #expect(key.status == 2)
    #expect(key.errors.contains("did you mean 'prompts'?"))
    let component = try fulcrum.run("train", config, "--set", "schedule.etta=0.5")
    #expect(component.status == 2)
    let checkpoint = try fulcrum.run("train", config)
    #expect(checkpoint.status == 2)
    #expect(checkpoint.errors.contains("nowhere"))
    #expect(runs() == earlier)
  }

  @Test func `a reward scores a file of JSON lines`() throws {
    let folder = try CommandLine.Folder()
    let rows = [
      #"{"id": "a", "prompt": "<|im_start|>assistant\n<think>", "#
        + #""completion": "</think><answer>Ann is a knight</answer>", "#
        + #""answer": "(1) Ann is a knight"}"#,
      #"{"id": 2, "prompt": "", "completion": "Assistant: <think></think><answer>?</answer>", "#
        + #""answer": "(1) Ann is a knight"}"#,
    ]
    let input = folder.path + "/in.jsonl"
    let output = folder.path + "/out.jsonl"
    try rows.joined(separator: "\n").write(toFile: input, atomically: true, encoding: .utf8)
    let result = try fulcrum.run(
      "reward", "score", "--use", "knights-and-knaves", "--input", input, "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try String(contentsOfFile: output, encoding: .utf8) == """
        {"id": "a", "reward": 3, "outcome": "correct", "parts": {"format": 1, "answer": 2}}
        {"id": 2, "reward": -1, "outcome": "unparseable", "parts": {"format": 1, "answer": -2}}

        """)
    try "{\"id\": \"a\"}".write(toFile: input, atomically: true, encoding: .utf8)
    let bad = try fulcrum.run(
      "reward", "score", "--use", "knights-and-knaves", "--input", input, "--output", output)
    #expect(bad.status == 1)
    #expect(bad.errors.contains("in.jsonl:1: expected a text under \"prompt\", got nothing"))
  }

  @Test func `the doctor finds this build well`() throws {
    let result = try fulcrum.run("doctor")
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("all is well"))
    for fact in ["openblas: kernels for ", "onednn: ", "products: f32 by "] {
      #expect(result.output.contains("      policy transformer, \(fact)"), "\(result.output)")
    }
    let agreement =
      #/policy transformer, sampled and trained log-probabilities: equal (to the bit|up to rounding)/#
    #expect(result.output.contains(agreement), "\(result.output)")
  }

  @Test func `the benchmark puts speeds beside the peak`() throws {
    let result = try fulcrum.run(
      "bench", "--set", "width=64", "--set", "layers=1", "--prompts", "2", "--samples", "2",
      "--prompt-tokens",
      "8", "--completion-tokens", "8", "--repeats", "1", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    for name in [
      "peak_flops", "training_tokens_per_second", "prefill_tokens_per_second",
      "decode_tokens_per_second", "peak_memory_bytes",
    ] {
      #expect((object[name] as? Double ?? 0) > 0, "\(name)")
    }
    let step = try #require(object["step"] as? [String: Double])
    let parts = ["sampling", "reference", "training", "optimizer"].map {
      step[$0 + "_seconds"] ?? .nan
    }
    #expect(parts.allSatisfy { $0 > 0 })
    #expect(abs(parts.reduce(0, +) - (step["seconds"] ?? 0)) < 1e-9)
    #expect(step["samples"] == 2)
  }
}
