import Foundation
import FulcrumKernel
import Testing

/// The kernel's functions in a file that also imports Foundation: the calls are not ambiguous.
@Suite struct ElementaryFunctionsTests {
  private static let numbers: [Double] = [
    -745.2, -80, -2, -1, -0.5, -1e-12, 0, 1e-300, 1e-12, 0.5, 1, 2, 10, 80, 709.8, .infinity,
    -.infinity,
  ]

  @Test func `they are libm's to the bit`() {
    for x in Self.numbers {
      let narrow = Float(x)
      #expect(FulcrumKernel.exp(x).bitPattern == Foundation.exp(x).bitPattern)
      #expect(FulcrumKernel.exp(narrow).bitPattern == Foundation.exp(narrow).bitPattern)
      #expect(FulcrumKernel.expm1(x).bitPattern == Foundation.expm1(x).bitPattern)
      #expect(FulcrumKernel.expm1(narrow).bitPattern == Foundation.expm1(narrow).bitPattern)
      #expect(FulcrumKernel.tanh(x).bitPattern == Foundation.tanh(x).bitPattern)
      #expect(FulcrumKernel.tanh(narrow).bitPattern == Foundation.tanh(narrow).bitPattern)
      guard x >= 0 else { continue }
      #expect(FulcrumKernel.log(x).bitPattern == Foundation.log(x).bitPattern)
      #expect(FulcrumKernel.log(narrow).bitPattern == Foundation.log(narrow).bitPattern)
      #expect(FulcrumKernel.log1p(x).bitPattern == Foundation.log1p(x).bitPattern)
      #expect(FulcrumKernel.log1p(narrow).bitPattern == Foundation.log1p(narrow).bitPattern)
      #expect(FulcrumKernel.sqrt(x).bitPattern == Foundation.sqrt(x).bitPattern)
      #expect(FulcrumKernel.sqrt(narrow).bitPattern == Foundation.sqrt(narrow).bitPattern)
    }
    #expect(FulcrumKernel.log(-1.0).isNaN && FulcrumKernel.sqrt(-1.0).isNaN)
  }

  @Test func `beside Foundation's they are called without a module's name`() {
    let wide = exp(1.0) + log(2.0) + tanh(0.5) + sqrt(2.0) + expm1(0.5) + log1p(0.5)
    let narrow = exp(Float(1)) + log(Float(2)) + tanh(Float(0.5)) + sqrt(Float(2))
    #expect(abs(wide - 6.3417) < 1e-3)
    #expect(abs(narrow - 5.2878) < 1e-3)
    #expect([0.0, 1].map(exp) == [1, M_E])
  }

  @Test func `the logistic function is symmetric about a half and never overflows`() {
    #expect(logistic(0.0) == 0.5 && logistic(Float(0)) == 0.5)
    for x in Self.numbers where x.isFinite {
      #expect(abs(logistic(x) + logistic(-x) - 1) <= 0x1p-52)
      #expect((0...1).contains(logistic(x)) && (0...1).contains(logistic(Float(x))))
    }
    #expect(logistic(-745.0) > 0)
    #expect(logistic(Double.infinity) == 1 && logistic(-Double.infinity) == 0)
    #expect(logistic(Double.nan).isNaN)
  }
}
