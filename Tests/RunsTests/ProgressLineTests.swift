import Runs
import Testing
import Training

@Suite struct ProgressLineTests {
  private let metrics = Metrics([
    ("reward", 0.5), ("accuracy", 0.125), ("completions/mean_length", 41.25), ("entropy", 0.25),
    ("loss", -0.0123), ("grad_norm", 0.75), ("tokens_per_second", 12345),
    ("probability/0.00-0.25/lever_share", 0.42),
  ])

  private func step(_ columns: Int?) -> String {
    ProgressLine.step(7, of: 60, metrics: metrics, secondsLeft: 83, columns: columns)
  }

  @Test func `whole fields go where there is no room, from the right`() {
    #expect(step(40) == " 1:23 left   7/60  reward  0.500")
    #expect(
      step(80)
        == " 1:23 left   7/60  █░░░░░░░░░  reward  0.500  accuracy  12.5 %  lever<.25  42 %")
    #expect(
      step(120)
        == " 1:23 left   7/60  █░░░░░░░░░  reward  0.500  accuracy  12.5 %  lever<.25  42 %"
        + "  length  41.2  entropy 0.250")
    #expect(
      step(nil)
        == " 1:23 left   7/60  reward  0.500  accuracy  12.5 %  lever<.25  42 %  length  41.2"
        + "  entropy 0.250  loss -0.0123  grad 0.750   12345 tokens/s")
  }

  @Test func `the line never reaches the last column, and never ends within a field`() {
    let fields = [
      " 1:23 left", " 7/60", "reward  0.500", "accuracy  12.5 %", "lever<.25  42 %", "length  41.2",
      "entropy 0.250", "loss -0.0123", "grad 0.750", " 12345 tokens/s",
    ]
    let whole = fields.indices.map { fields[...$0].joined(separator: "  ") } + [""]
    var longest = 0
    for columns in 2...200 {
      let line = step(columns)
      #expect(line.count < columns)
      let shown = line.replacing("█░░░░░░░░░  ", with: "")
      #expect(whole.contains(shown), "\(columns)")
      // A bar comes at 60 columns; but for that, more room never shows less.
      #expect(columns == 60 || line.count >= longest, "\(columns)")
      longest = line.count
    }
    #expect(step(200).hasSuffix(" 12345 tokens/s"))
  }

  @Test func `a field that a step lacks has no place, and hours are told`() {
    #expect(
      ProgressLine.step(
        10, of: 10, metrics: Metrics([("loss", 1)]), secondsLeft: 7261, columns: 60)
        == "2:01:01 left  10/10  ██████████  loss 1.0000")
  }

  @Test func `an evaluation tells its items`() {
    func line(_ done: Int, _ left: Double?, _ columns: Int?) -> String {
      ProgressLine.evaluation(done, of: 1200, secondsLeft: left, columns: columns)
    }
    #expect(line(0, nil, 80) == "            held out    0/1200  ░░░░░░░░░░")
    #expect(line(256, 5.4, 80) == " 0:05 left  held out  256/1200  ██░░░░░░░░")
    #expect(line(256, 5.4, 40) == " 0:05 left  held out  256/1200")
    #expect(line(256, 5.4, 20) == " 0:05 left")
  }
}
