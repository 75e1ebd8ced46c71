import FulcrumKernel
import Glibc
import Testing

/// The kernel's functions in a file that imports the C library itself.
@Suite struct ElementaryFunctionsGlibcTests {
  @Test func `beside the C library's they are called without a module's name`() {
    #expect(exp(Float(0)) == 1 && exp(0.0) == 1)
    #expect(log(Float(1)) == 0 && log(1.0) == 0)
    #expect(tanh(Float(0)) == 0 && sqrt(4.0) == 2 && expm1(0.0) == 0 && log1p(0.0) == 0)
  }
}
