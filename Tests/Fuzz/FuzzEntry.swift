import Foundation
import FulcrumKernel

/// The target, by FULCRUM_FUZZ, and the folder in memory that its files are in.
private struct Session {
  /// `nil`: frames, which need no files.
  let exercise: FormatExercise?
  let folder: String

  static let shared = Session()

  private init() {
    let environment = ProcessInfo.processInfo.environment
    let name = environment["FULCRUM_FUZZ"] ?? ""
    exercise = FormatExercise(rawValue: name)
    guard exercise != nil || name == "wire" else {
      fatalError("FULCRUM_FUZZ must be wire or one of \(FormatExercise.allCases.map(\.rawValue))")
    }
    folder = environment["FULCRUM_FUZZ_FOLDER"] ?? "/dev/shm/fulcrum-fuzz-\(name)"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try exercise?.prepare(folder)
    } catch { fatalError("\(error)") }
  }

  /// - Returns: what contradicts itself.
  /// - Throws: what is wrong with the input.
  func run(_ input: [UInt8]) throws(FulcrumError) -> String? {
    guard let exercise else { return WireExercise.run(input) }
    return try exercise.run(input, in: folder)
  }
}

/// libFuzzer's call before the first input: where FULCRUM_SEEDS names a folder, the seeds are
/// written into it and that is all.
@c(LLVMFuzzerInitialize)
public func initialize(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer)
  -> CInt
{
  guard let folder = ProcessInfo.processInfo.environment["FULCRUM_SEEDS"] else { return 0 }
  do { try Seeds.write(toFolder: folder) } catch { fatalError("\(error)") }
  exit(0)
}

/// libFuzzer's call for each input.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  let session = Session.shared
  do throws(FulcrumError) {
    if let contradiction = try session.run(input) {
      fatalError(contradiction)
    }
  } catch {
    precondition(!error.message.isEmpty)
    // A full disk is no fault of the formats, and would hide them.
    precondition(error.code != .inputOutput, error.description)
  }
  return 0
}
