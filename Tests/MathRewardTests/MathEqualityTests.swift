import FulcrumKernel
import MathRewardPlugin
import Testing

@Suite struct MathEqualityTests {
  /// Answers that say the same, in groups; those of different groups say different things.
  static let groups: [[String]] = [
    [
      "1/2", "\\frac{1}{2}", "\\dfrac{1}{2}", "\\tfrac12", "\\frac 1 2", "\\frac{2}{4}", "0.5",
      ".5", "0.50", "+0.5", "\\frac{1.5}{3}", "$\\frac{1}{2}$", "x = \\frac{1}{2}",
      "\\left(\\frac{1}{2}\\right)", "\\frac{-1}{-2}", "-\\frac{-1}{2}", "0.5.", "\\text{0.5}",
      "{0.5}", "{{\\text{0.5}}}",
    ],
    ["-1/2", "-0.5", "-\\frac{1}{2}", "\\frac{-1}{2}", "\\frac{1}{-2}", "\u{2212}0.5"],
    [
      "1000", "1,000", "1{,}000", "1,\\!000", "1\\,000", "1 000", "1~000", "1_000", "1000.0",
      "1e3", "1 \\times 10^3", "10^{3}", "n=1000", "1000,", "1000\\\\", "1000\\text{ cm}",
      "1000 cm",
      "1000\\,\\text{centimeters}", "1 \\text{ thousand}",
    ],
    ["1234567.25", "1,234,567.25", "\\frac{4938269}{4}", "1234567\\frac{1}{4}"],
    ["7/3", "2\\frac{1}{3}", "2\\tfrac13", "2 1/3", "2 \\frac{1}{3}"],
    ["-7/3", "-2\\frac{1}{3}", "-2 1/3"],
    ["0", "-0", "0.00", "0/5", "-\\frac{0}{3}"],
    ["0.333", "333/1000"], ["1/3", "2/6"], ["0.3333333333333333"],
    ["3", "3.0", "\\text{3}", "03"], ["13"], ["3.14"], ["\\pi", "π", "{\\pi}"],
    [
      "\\frac{\\pi}{2}", "\\dfrac{\\pi}{2}", "\\frac\\pi2", "\\pi/2", "\\frac{1}{2}\\pi", "0.5\\pi",
    ],
    ["2\\sqrt{3}", "2\\sqrt3", "2 \\sqrt 3", "\\sqrt{12}", "\\frac{6}{\\sqrt3}"],
    ["x^2+1", "x^{2} + 1", "{x^2 + 1}", "1+x^2"], ["x^{2+1}"], ["x^3"],
    ["(x+1)(x-1)", "(x-1)(x+1)"], ["x^2-1"],
    ["(1,2)", "(1, 2)", "\\left(1,2\\right)", "(\\frac22, 2.0)", "( 1 , 4/2 )"], ["(2,1)"],
    ["[1,2]"], ["[1,2)", "\\left[1,2\\right)"], ["1, 2", "1,2", "2,1", "1 \\text{ and } 2", "1;2"],
    ["\\{1,2\\}", "\\{2,1\\}", "\\lbrace 1, 2\\rbrace"], ["\\{1,1\\}"],
    ["\\{(1,2),3\\}", "\\{3,(1,2)\\}", "\\{3, (2/2, 2)\\}"],
    ["(1,200)", "(1, 200)"], ["A", "(A)", "\\text{A}", "\\text{(A)}", "\\mathrm{A}"], ["a"],
    ["\\text{no solution}", "no solution", "\\textbf{no solution}"],
    ["\\emptyset", "\\varnothing"], ["\\infty", "∞"], ["-\\infty"],
    ["x \\leq 3", "x\\le3", "x ≤ 3"], ["x<3", "x \\lt 3"],
    ["123456789012345678901234567890", "123456789012345678901234567890.0"],
    ["123456789012345678901234567891"], ["5m"], ["1/0"], ["2/0"], ["1,23"], ["12,34"],
    ["1.2.3"], ["--1"], ["2^3", "8"], ["\\pm 4", "4, -4", "-4,4"],
  ]

  @Test(arguments: groups)
  func `answers of one group are equal, in both directions`(group: [String]) throws {
    for a in group {
      for b in group {
        #expect(try accepts(a, as: b), "\(a) for \(b)")
      }
    }
  }

  @Test func `answers of different groups are unequal, in both directions`() throws {
    for (place, group) in Self.groups.enumerated() {
      for (otherPlace, other) in Self.groups.enumerated() where place != otherPlace {
        for a in group {
          #expect(try !accepts(a, as: other[0]), "\(a) for \(other[0])")
          #expect(try !accepts(other[0], as: a), "\(other[0]) for \(a)")
        }
      }
    }
  }

  @Test func `a percentage is both its number and a hundredth, but beside another only itself`()
    throws
  {
    for percentage in ["50\\%", "50%", "50.0 \\%"] {
      for equal in ["50", "0.5", "1/2", "50%", "\\frac{100}{2}\\%"] {
        #expect(try accepts(percentage, as: equal), "\(percentage) for \(equal)")
        #expect(try accepts(equal, as: percentage), "\(equal) for \(percentage)")
      }
      for other in ["0.5%", "5", "5000", "0.005", "-50%", "-50"] {
        #expect(try !accepts(percentage, as: other), "\(percentage) for \(other)")
        #expect(try !accepts(other, as: percentage), "\(other) for \(percentage)")
      }
    }
  }

  @Test func `a percentage below 1, and one that isn't a decimal, is a hundredth alone`() throws {
    for (percentage, hundredth, bare) in [
      ("0.5\\%", "0.005", "0.5"), ("\\frac{1}{2}\\%", "1/200", "1/2"), ("10^2\\%", "1", "100"),
      ("33\\frac13\\%", "1/3", "33\\frac13"), ("10\\%, 20\\%", "0.2, 0.1", "0.1, 20"),
    ] {
      #expect(try accepts(percentage, as: hundredth), "\(percentage) for \(hundredth)")
      #expect(try accepts(hundredth, as: percentage), "\(hundredth) for \(percentage)")
      #expect(try !accepts(percentage, as: bare), "\(percentage) for \(bare)")
      #expect(try !accepts(bare, as: percentage), "\(bare) for \(percentage)")
    }
  }

  @Test func `sums and products of plain numbers are not computed, and some forms not understood`()
    throws
  {
    // The README's list of what is not understood.
    for (answer, truth) in [
      ("2 \\cdot 4", "8"), ("1+1", "2"), ("x^2-1", "(x+1)(x-1)"), ("\\frac{x^2}{x}", "x"),
      ("\\frac{1}{1+\\sqrt2}", "\\sqrt2-1"), ("2e-3", "0.002"), ("1/2x", "\\frac{x}{2}"),
      ("3.14\\ldots", "3.14"), ("5 m", "5"), ("5 = x", "5"), ("1.000,5", "1000.5"), ("five", "5"),
      ("x > 3", "(3, \\infty)"), ("1, 2", "\\{1, 2\\}"), ("2\\text{ km}", "2000\\text{ m}"),
      ("5\\text{ zebras}", "5"),
    ] {
      #expect(try !accepts(answer, as: truth), "\(answer) for \(truth)")
    }
  }

  @Test func `a number may lack its unit, but not have another one`() throws {
    for unit in [
      "\\text{ cm}", "\\text{ cm}^2", "\\mathrm{ km}", " hours", " inches", "^\\circ", "°",
      "\\degree",
      " degrees C", "\\text{ square feet}", "\\text{ miles per hour}", "^\\circ\\text{C}",
    ] {
      let isUnit = unit != " degrees C"
      #expect(try accepts("7\(unit)", as: "7") == isUnit, "\(unit)")
      #expect(try accepts("7", as: "7\(unit)") == isUnit, "\(unit)")
      #expect(try !accepts("7\(unit)", as: "7\\text{ kg}"), "\(unit)")
      #expect(try !accepts("7\\text{ kg}", as: "7\(unit)"), "\(unit)")
      #expect(try !accepts("8\(unit)", as: "7\(unit)"), "\(unit)")
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `random fractions are equal exactly where their cross products are`(seed: UInt64) throws {
    var random = TestRandom(state: seed)
    var equalCount = 0
    for _ in 0..<3000 {
      let a = Int.random(in: -40...40, using: &random)
      let b = Int.random(in: 1...40, using: &random)
      // Half of the time the same fraction, otherwise written.
      let factor = Int.random(in: 1...100_000, using: &random)
      let isSame = Bool.random(using: &random)
      let c = isSame ? a * factor : Int.random(in: -40...40, using: &random)
      let d = isSame ? b * factor : Int.random(in: 1...40, using: &random)
      let isEqual = a * d == c * b
      if isEqual { equalCount += 1 }
      #expect(try accepts("\\frac{\(a)}{\(b)}", as: "\(c)/\(d)") == isEqual, "\(a)/\(b) \(c)/\(d)")
    }
    // Both cases must be there, or the comparison proves little.
    #expect((1000..<2000).contains(equalCount))
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `long numbers are multiplied as 128-bit integers are`(seed: UInt64) throws {
    var random = TestRandom(state: seed)
    for _ in 0..<2000 {
      // a·b / b is a; products of up to 38 digits, more than three of the number's own digits.
      let a = UInt64.random(
        in: 0...UInt64.max >> UInt64.random(in: 0...63, using: &random), using: &random)
      let b = UInt64.random(
        in: 1...UInt64.max >> UInt64.random(in: 0...60, using: &random), using: &random)
      let product = UInt128(a) * UInt128(b)
      #expect(try accepts("\\frac{\(product)}{\(b)}", as: "\(a)"))
      #expect(try !accepts("\\frac{\(product + 1)}{\(b)}", as: "\(a)"))
    }
  }

  @Test func `a number of more than a thousand digits is compared as it is written`() throws {
    let digits = String(repeating: "7", count: 1000)
    #expect(try accepts(digits + ".0", as: digits) == false)
    #expect(try accepts("\\frac{\(digits)}{1}", as: digits))
    #expect(try accepts(digits + "7", as: digits + "7"))
  }
}
