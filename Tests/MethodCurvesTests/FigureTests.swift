import Charts
import Foundation
import FulcrumKernel
import MethodCurves
import PluginHost
import Testing

/// Figures of values far out, of many phases, and their names.
@Suite struct FigureTests {
  private func curve(_ heights: [Double]) -> WeightCurve {
    WeightCurve(
      points: heights.enumerated().map {
        WeightCurve.Point(x: Double($0), mean: $1, low: $1, high: $1)
      })
  }

  private func pieces(_ heights: [Double], _ reach: FigureReach) -> [[Chart.Point]] {
    reach.pieces(
      heights.enumerated().map { Chart.Point(x: Double($0), y: $1) }, place: { $0 }, x: { $0 })
  }

  private func document(_ factor: @escaping @Sendable (Float) -> Float) throws -> String {
    let method = MadeTransform.method { advantage, probability in advantage * factor(probability) }
    return try #require(MethodFigure(method)).document
  }

  @Test func `the axis fits the values where most are large`() throws {
    #expect(FigureReach([curve([1, 12, -12])]).bound == nil)
    #expect(FigureReach([curve([Double](repeating: 500, count: 20))]).bound == nil)
    let document = try document { _ in 500 }
    #expect(document.contains(">500</text>") && !document.contains("cut"))
  }

  @Test func `a few places far out are cut, and the line is broken there`() throws {
    let ones = [Double](repeating: 1, count: 20)
    let reach = FigureReach([curve(ones + [23] + ones)])
    #expect(reach.bound == 12)
    // From 1 to 23 the line passes 12 halfway.
    let pieces = pieces([1, 1, 23, 1, 1], reach)
    #expect(pieces.map { $0.map(\.x) } == [[0, 1, 1.5], [2.5, 3, 4]])
    #expect(pieces.map { $0.map(\.y) } == [[1, 1, 12], [12, 1, 1]])
    let document = try document { $0 > 0.48 && $0 < 0.52 ? 50 : 1 }
    #expect(document.contains("new A / A, beyond 12: cut"))
    #expect(!document.contains(">50</text>"))
  }

  @Test func `a line through the whole figure is one piece, an end beyond is none`() {
    let ones = [Double](repeating: 1, count: 20)
    let reach = FigureReach([curve([-24] + ones + [24])])
    #expect(reach.bound == 12)
    #expect(pieces([-24, 24, 24, 0], reach).map { $0.map(\.y) } == [[-12, 12], [12, 0]])
    #expect(pieces([0, 24], reach).map { $0.map(\.x) } == [[0, 0.5]])
    #expect(pieces([24, 24], reach).isEmpty)
    #expect(pieces([0, 12, 24, 12], reach).map { $0.map(\.x) } == [[0, 1], [3]])
  }

  @Test func `no line is cut away as a whole`() {
    let reach = FigureReach([
      curve([Double](repeating: 1, count: 9)), curve([Double](repeating: 1000, count: 9)),
    ])
    #expect(reach.bound == nil)
  }

  private static func named(_ names: [String]) -> [Method] {
    Method.identified(
      names.map { name in
        let manual = ComponentManual(name: name, summary: "a fixture", source: "none")
        return Trials.method(.advantageTransform, manual: manual) { (_, _) throws(FulcrumError) in
          MadeTransform { advantage, _ in advantage }
        }
      })
  }

  @Test func `distinct names have distinct files`() {
    let names = ["X Y", "x y", "x-y", "x-y-2", "метод", "法", "μέθ"]
    let ids = Self.named(names).map { $0.id.dropFirst("advantage-transform-".count) }
    #expect(ids == ["x-y-3", "x-y-4", "x-y", "x-y-2", "-----", "-", "---"])
    #expect(Set(ids).count == names.count)
  }

  @Test func `quotes in names and folders are no end of an attribute`() {
    let page = MethodPage(Self.named(["a \"b\" | 'c'"]), figures: "x\"y").text
    #expect(
      page.contains(
        "<img src=\"x&#34;y/advantage-transform-a--b-----c-.svg\" width=\"191\""
          + " alt=\"a &#34;b&#34; &#124; &#39;c&#39;\"> |"))
  }

  @Test func `a figure of a method that fails now is removed`() throws {
    let folder = NSTemporaryDirectory() + "methods-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = MadeTransform.method { advantage, _ in advantage }
    let failed = MadeTransform.method { _, _ in .nan }
    #expect(try MethodFiles.write([whole], to: folder) == 1)
    #expect(try MethodFiles.write([failed], to: folder) == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["methods.json"])
  }

  struct Phases: UpdateScheduler, Made {
    func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
      -> [UpdatePhase]
    {
      let count = batch.sequences.tokenCount
      return (0..<50).map { phase in
        UpdatePhase(
          name: "p\(phase)", participates: (0..<count).map { $0 % 50 == phase })
      }
    }
  }

  @Test func `many phases are counted`() throws {
    let method = Trials.method(.updateScheduler, manual: Phases.manual) {
      (_, _) throws(FulcrumError) in Phases()
    }
    let document = try #require(MethodFigure(method)).document
    #expect(document.contains("6 of 50 phases: tokens"))
    #expect(document.contains(">p5</text>") && !document.contains(">p6</text>"))
    #expect(method.verdict.hasSuffix("; 44 more"))
  }
}
