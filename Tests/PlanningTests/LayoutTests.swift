import Planning
import Testing

/// What several ranks come to, by values that are worked out by hand.
@Suite struct LayoutTests {
  /// Two cores; two threads of a rank run at 0.9 of a core each, two ranks at 0.8.
  static func machine() throws -> Machine {
    var machine = try #require(Machine.named("h100"))
    machine.isGPU = false
    machine.cores = 2
    machine.threadShare = 0.9
    machine.rankShare = 0.8
    machine.memory = 8e9
    machine.overlap = 0
    machine.within = Link(bandwidth: 100, latency: 1)
    machine.between = Link(bandwidth: 50, latency: 4)
    return machine
  }

  @Test func `ranks share the cores of a processor`() throws {
    let machine = try Self.machine()
    func speed(_ ranks: Int, threads: Int = 0) -> Double {
      machine.speed(Layout(nodes: 1, ranksOfNode: ranks), threads: threads)
    }
    #expect(speed(1) == 1.8)
    #expect(speed(1, threads: 1) == 1)
    #expect(speed(2) == 0.8)
    #expect(speed(4) == 0.8)
    #expect(machine.crowding(Layout(nodes: 1, ranksOfNode: 4)) == 2)
    #expect(machine.crowding(Layout(nodes: 2, ranksOfNode: 2)) == 1)
    let gpu = try #require(Machine.named("a100"))
    #expect(gpu.speed(Layout(nodes: 1, ranksOfNode: 8)) == 1)
  }

  /// Four on two cores: until 1 is done all run at half speed, for 2 s; the three others need 1 more each, at two
  /// thirds of a core, 1.5 s; the last two have a core each for 2 s.
  @Test func `a rank that ends leaves its core to the others`() throws {
    let machine = try Self.machine()
    #expect(machine.end(of: [4, 1, 2, 4]) == 5.5)
    #expect(machine.end(of: [3, 5]) == 5)
    #expect(try #require(Machine.named("h100")).end(of: [1, 2, 9, 3]) == 9)
  }

  @Test func `a ring's sums and gathers take what the formulas say`() {
    let ring = Ring(ranks: 4, link: Link(bandwidth: 100, latency: 1))
    #expect(ring.gather(bytes: 800) == 9)
    #expect(ring.scatterSum(bytes: 800) == 9)
    #expect(ring.sum(bytes: 800) == 18)
  }

  @Test func `a ring over nodes is as fast as its slowest link`() throws {
    let machine = try Self.machine()
    let one = machine.ring(Layout(nodes: 1, ranksOfNode: 2)).link
    #expect(one == Link(bandwidth: 100, latency: 1))
    // Two of four steps go between nodes.
    let two = machine.ring(Layout(nodes: 2, ranksOfNode: 2)).link
    #expect(two == Link(bandwidth: 50, latency: 2.5))
    let apart = machine.ring(Layout(nodes: 2, ranksOfNode: 1)).link
    #expect(apart == Link(bandwidth: 50, latency: 4))
    // Four ranks on two cores copy at half speed.
    let crowded = machine.ring(Layout(nodes: 1, ranksOfNode: 4)).link
    #expect(crowded == Link(bandwidth: 50, latency: 2))
  }

  @Test func `lengths have the mean that was asked for, and none is longer than it may be`() {
    for (mean, most) in [(40.0, 100), (90, 100), (100, 100), (1, 1), (300, 4096), (99.9, 100)] {
      let lengths = CompletionLengths.make(count: 1000, mean: mean, most: most)
      #expect(lengths.count == 1000)
      #expect(lengths.allSatisfy { (1...most).contains($0) })
      #expect(lengths.reduce(0, +) == Int((mean * 1000).rounded()))
    }
    #expect(CompletionLengths.make(count: 8, mean: 50, most: 50) == Array(repeating: 50, count: 8))
  }

  /// 100 (1 − e^(−1)) = 63.212…
  @Test func `the scale of the lengths gives the mean of the distribution that is cut`() {
    let mean = 100 * (1 - 0.367_879_441_171_442_33)
    #expect(abs(CompletionLengths.scale(mean: mean, most: 100) - 100) < 1e-6)
    #expect(CompletionLengths.scale(mean: 100, most: 100) == .infinity)
  }
}
