import Foundation
import FulcrumKernel
import Testing
import TransformerFormats

/// Inputs that once ended the process, contradicted themselves or took too long.
struct FoundByFuzzingTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/fuzz")

  @Test(arguments: FormatExercise.allCases)
  func `what was found once is read or refused`(_ target: FormatExercise) throws {
    let place = Self.fixtures.appendingPathComponent(target.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    try #require(!names.isEmpty)
    for name in names {
      let folder = try TemporaryFolder()
      try target.prepare(folder.path)
      let input = try Data(contentsOf: place.appendingPathComponent(name))
      do throws(FulcrumError) {
        let contradiction = try target.run(Array(input), in: folder.path)
        #expect(contradiction == nil, "\(name)")
      } catch {
        #expect(error.code != .inputOutput, "\(name): \(error)")
        #expect(error.location?.hasPrefix(folder.path) == true, "\(name): \(error)")
      }
    }
  }
}
