import Foundation
import Testing

@Suite struct ReportTests {
  private let folder: CommandLine.Folder

  init() throws { folder = try CommandLine.Folder() }

  private func train(_ name: String, _ overrides: String..., start: String) throws -> String {
    let config = try SmallRun.configuration(start: start, in: folder.path)
    let output = folder.path + "/" + name
    let result = try CommandLine().run(
      ["train", config, "--set", "output=\(output)"] + overrides.flatMap { ["--set", $0] })
    try #require(result.status == 0, "\(result.errors)")
    return output
  }

  @Test func `a run's report and a comparison of runs are written with their figures`() throws {
    let start = try SmallRun.start(in: folder.path)
    // So slow that probabilities as sampled are near those of a step's last update.
    let slow = "update.learning-rate=1e-4"
    let one = try train("one", slow, start: start)
    let two = try train("two", slow, "seed=8", "advantage[1].alpha=0.1", start: start)
    let figures = folder.path + "/figures"
    let result = try CommandLine().run("report", one, "--figures", figures)
    #expect(result.status == 0, "\(result.errors)")
    let count = try FileManager.default.contentsOfDirectory(atPath: figures)
      .count { $0.hasSuffix(".svg") }
    #expect(result.output.hasPrefix("report \(one)/report.html, \(count) figures\n"))
    #expect(count >= 13)
    // Without a program that makes PNGs the command says how to get one.
    let bare = try CommandLine(executable: "/usr/bin/env").run(
      "PATH=/nowhere", CommandLine.products + "/fulcrum", "report", one, "--figures", figures)
    #expect(bare.status == 0, "\(bare.errors)")
    #expect(
      bare.output.hasSuffix(
        "figures \(figures), \(count) as SVG; for PNG install rsvg-convert (Debian: librsvg2-bin)"
          + " or Chromium (Debian: chromium)\n"))
    let html = try String(contentsOfFile: one + "/report.html", encoding: .utf8)
    #expect(html.components(separatedBy: "<svg ").count == count + 1)
    #expect(html.contains("id=\"by-lever\""))
    // Addresses may be texts, of the compiler for instance; nothing is fetched from one.
    #expect(html.contains("content=\"default-src 'none'".replacing("'", with: "&#39;")))
    for word in [" src=", "href=\"http", "url(", "@import", "<link"] {
      #expect(!html.contains(word), "\(word)")
    }

    let output = folder.path + "/both.html"
    let compared = try CommandLine().run("compare", one, two, "--output", output)
    #expect(compared.status == 0, "\(compared.errors)")
    let comparison = try String(contentsOfFile: output, encoding: .utf8)
    #expect(comparison.contains("advantage[1].alpha 0.1"))

    // The same as text, as data and as lines.
    let files = ["table.md", "data.json", "runs.jsonl"].map { folder.path + "/" + $0 }
    let written = try CommandLine().run(
      "compare", one, two, "--output", output, "--reference", "advantage[1].alpha 0.1",
      "--at", "steps", "--markdown", files[0], "--json", files[1], "--runs-to", files[2])
    #expect(written.status == 0, "\(written.errors)")
    let contents = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
    #expect(
      contents[0].contains("\nDifferences from advantage[1].alpha 0.1, seed by seed\n\n| measure |")
    )
    #expect(contents[1].contains("\"reference\": \"advantage[1].alpha 0.1\""))
    #expect(contents[2].split(separator: "\n").count == 2)
    let mixed = try CommandLine().run("compare", one, files[2], "--at", "steps")
    #expect(mixed.status == 2)
    #expect(
      mixed.errors.hasPrefix(
        "error: \(files[2]): expected folders of runs beside --at, got a file that has their ends alone"
      ))

    // Texts, numbers and levers of the first completions' tokens; the texts are the completion.
    let text = try String(contentsOfFile: one + "/samples/step-3.jsonl", encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 16)
    #expect(lines.count { $0.contains("token_texts") } == 4)
    let first = try #require(
      try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
    let rewards = try #require(first["rewards"] as? [[String: Any]])
    #expect(rewards.map { $0["name"] as? String } == ["knights-and-knaves"])
    #expect(rewards[0]["value"] as? Double == first["reward"] as? Double)
    #expect((rewards[0]["parts"] as? [Any])?.isEmpty == false)
    let tokens = try #require(first["tokens"] as? Int)
    for name in ["token_texts", "probability", "advantage", "lever", "weight"] {
      #expect((first[name] as? [Any])?.count == tokens, "\(name)")
    }
    let texts = try #require(first["token_texts"] as? [String])
    #expect(texts.joined().hasPrefix(try #require(first["completion"] as? String)))
    let levers = try #require(first["lever"] as? [Double])
    let probabilities = try #require(first["probability"] as? [Double])
    // 1 − π ≤ ‖e − π‖ ≤ √2 (1 − π); the policy may have moved a little between two mini-batches.
    for (lever, probability) in zip(levers, probabilities) {
      #expect(lever >= (1 - probability) * 0.8 - 0.05)
      #expect(lever <= (1 - probability) * 2.0.squareRoot() * 1.2 + 0.05)
    }
  }

  @Test func `wrong requests are refused with what to do`() throws {
    let missing = try CommandLine().run("report", folder.path)
    #expect(missing.status == 2)
    #expect(missing.errors.contains("expected a run directory, found no run.yaml"))
    let run = folder.path + "/run"
    try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
    try "steps: 2\n".write(toFile: run + "/run.yaml", atomically: true, encoding: .utf8)
    let one = try CommandLine().run("compare", run)
    #expect(one.status == 2)
    #expect(one.errors.contains("expected two runs or more, got one"))
    #expect(one.errors.contains("'fulcrum report \(run)' shows one run"))
    let twice = try CommandLine().run("compare", folder.path, folder.path + "/.")
    #expect(twice.status == 2)
    #expect(twice.errors.contains("the run is named twice"))
  }
}
