// Damps unlikely tokens: A <- [alpha * pi_old + 1 - alpha] * A (arXiv 2505.12929, equation 4).
#include <cmath>
#include <cstdint>
#include <limits>

// The linker looks for the name as C writes it.
extern "C" int32_t damp_unlikely(
    float *advantages, const float *old_log_probabilities, int64_t token_count, float alpha) {
  const float greatest = std::numeric_limits<float>::max();
  for (int64_t token = 0; token < token_count; ++token) {
    const float factor = alpha * std::exp(old_log_probabilities[token]) + (1 - alpha);
    // The product of two floats is exact in double, so it is rounded once.
    const float damped = float(double(advantages[token]) * double(factor));
    advantages[token] = std::fmin(std::fmax(damped, -greatest), greatest);
  }
  return 0;
}
