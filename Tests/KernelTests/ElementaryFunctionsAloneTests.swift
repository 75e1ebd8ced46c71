import FulcrumKernel
import Testing

/// The kernel's functions in a file that imports no other library with such names, as a plugin's.
@Suite struct ElementaryFunctionsAloneTests {
  @Test func `they are found without another import`() {
    #expect(exp(Float(0)) == 1 && exp(0.0) == 1)
    #expect(log(Float(1)) == 0 && log(1.0) == 0)
    #expect(tanh(Float(0)) == 0 && sqrt(Float(4)) == 2 && logistic(Float(0)) == 0.5)
    #expect([Float(0), 0].map(exp) == [1, 1])
  }
}
