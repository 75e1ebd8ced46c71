import Charts
import Foundation
import FulcrumKernel
import GRPOPlugin
import LoptiPlugin
import MethodCurves
import Testing

/// The page, the figures and the numbers of methods.
@Suite struct PageTests {
  private var methods: [Method] {
    [
      Trials.method(.policyObjective, GRPOObjective.self),
      Trials.method(.updateScheduler, Lopti.self),
      MadeTransform.method { advantage, _ in advantage },
      MadeTransform.method { (_, _) throws(FulcrumError) in
        throw FulcrumError(.data, "a | b")
      },
    ]
  }

  @Test func `the same plugins give the same bytes`() {
    let (one, other) = (methods, methods)
    #expect(MethodsRecord.text(of: one) == MethodsRecord.text(of: other))
    #expect(MethodPage(one, figures: "f").text == MethodPage(other, figures: "f").text)
    for (one, other) in zip(one, other) {
      #expect(MethodFigure(one)?.document == MethodFigure(other)?.document)
    }
  }

  @Test func `a row has all that is known`() throws {
    let page = MethodPage(methods, figures: "Figures/methods").text
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| **") }
    #expect(rows.count == 4)
    #expect(
      rows[0].hasPrefix(
        "| **grpo** (objective of `tests`)<br>[arXiv 2505.12929](https://arxiv.org/abs/2505.12929),"
          + " equations (1), (2) and (4); GSPO: [arXiv 2507.18071]"))
    #expect(
      rows[0].hasSuffix(
        "| old-log-probabilities | all as in GRPO; beyond the clip 0.026 for A &gt; 0, 0 for A &lt; 0"
          + " | <img src=\"Figures/methods/policy-objective-grpo.svg\" width=\"392\" alt=\"grpo\"> |"
      ))
    // A broken one has its sentence, in which a bar is no end of a cell.
    #expect(rows[3].hasSuffix("failed: advantage-transform made: a \\| b | – |"))
    // No cell of a row is cut by a bar of its own.
    for row in rows {
      #expect(row.replacing("\\|", with: "").split(separator: "|").count == 5)
    }
    #expect(!MethodPage(methods, figures: nil).text.contains("<img"))
  }

  @Test func `the numbers are JSON and have every method`() throws {
    let text = MethodsRecord.text(of: methods)
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let objects = try #require(value as? [[String: Any]])
    #expect(objects.map { $0["name"] as? String } == ["grpo", "lopti", "made", "made"])
    #expect(objects[3]["error"] as? String == "advantage-transform made: a | b")
    let ratios = try #require(objects[0]["ratio"] as? [Double])
    let curve = try #require(objects[0]["byRatio"] as? [String: [String: [Double]]])
    #expect(ratios.count == 74 && isNear(curve["negative"]?["mean"]?.last ?? 0, 3.86375))
    let favours = try #require(objects[0]["favours"] as? [String: [String: Double]])
    #expect(favours["positive"]?["likely"] == 1 && favours["positive"]?["between"] == 1)
  }

  @Test func `figures are small, whole documents of both colours`() throws {
    for method in methods.dropLast() {
      let document = try #require(MethodFigure(method)).document
      #expect(document.utf8.count < 8000, "\(method.id)")
      #expect(document.contains("@media(prefers-color-scheme:dark)"))
      #expect(document.hasSuffix("</svg>\n"))
    }
    #expect(MethodFigure(methods[3]) == nil)
  }

  @Test func `points on a straight are left out, corners stay`() {
    let points = (0...10).map { Chart.Point(x: Double($0), y: $0 <= 4 ? 0 : Double($0 - 4)) }
    let kept = MethodFigure.withoutStraights(points) { $0 }
    #expect(kept.map(\.x) == [0, 4, 10])
    // Straight in the axis' own measure: y = log x.
    let curve = (0...10).map { Chart.Point(x: exp(Double($0)), y: Double($0)) }
    #expect(MethodFigure.withoutStraights(curve) { log($0) }.count == 2)
    #expect(MethodFigure.withoutStraights(curve) { $0 }.count > 5)
  }

  @Test func `files have the methods' names`() throws {
    let folder = NSTemporaryDirectory() + "methods-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try MethodFiles.write(methods, to: folder) == 3)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
        "advantage-transform-made.svg", "methods.json", "policy-objective-grpo.svg",
        "update-scheduler-lopti.svg",
      ])
  }
}
