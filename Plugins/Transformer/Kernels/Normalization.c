#include "Vector.h"

TK_INLINE float inverse_deviation(const float *x, int width, float epsilon) {
  v16 squares = 0.0f;
  int i = 0;
  for (; i + 16 <= width; i += 16) {
    v16 v = TK_LOAD(x + i);
    squares += v * v;
  }
  float rest = 0;
  for (; i < width; i++) rest += x[i] * x[i];
  return 1.0f / sqrtf((tk_sum(&squares) + rest) / (float)width + epsilon);
}

TK_CLONES
void tk_rms_norm(const float *x, const float *gain, float *y, int rows, int width, float epsilon) {
  for (int row = 0; row < rows; row++, x += width, y += width) {
    float r = inverse_deviation(x, width, epsilon);
    int i = 0;
    for (; i + 16 <= width; i += 16) TK_STORE(y + i, TK_LOAD(x + i) * r * TK_LOAD(gain + i));
    for (; i < width; i++) y[i] = x[i] * r * gain[i];
  }
}

/* With r the inverse deviation and u = gain * dy:
 * dx = r * (u - x * r^2 * mean(u * x)); d gain = sum over rows of dy * x * r. */
TK_CLONES
void tk_rms_norm_backward(const float *x, const float *gain, const float *dy,
                          const float *residual, float *dx, float *gain_gradient, int rows,
                          int width, float epsilon) {
  for (int row = 0; row < rows; row++) {
    float r = inverse_deviation(x, width, epsilon);
    v16 products = 0.0f;
    float rest = 0;
    int i = 0;
    for (; i + 16 <= width; i += 16)
      products += TK_LOAD(x + i) * TK_LOAD(dy + i) * TK_LOAD(gain + i);
    for (; i < width; i++) rest += x[i] * dy[i] * gain[i];
    float pull = r * r * r * (tk_sum(&products) + rest) / (float)width;
    for (i = 0; i + 16 <= width; i += 16) {
      v16 v = TK_LOAD(x + i), d = TK_LOAD(dy + i);
      TK_STORE(gain_gradient + i, TK_LOAD(gain_gradient + i) + d * v * r);
      TK_STORE(dx + i, TK_LOAD(residual + i) + (d * TK_LOAD(gain + i) * r - v * pull));
    }
    for (; i < width; i++) {
      gain_gradient[i] += dy[i] * x[i] * r;
      dx[i] = residual[i] + (dy[i] * gain[i] * r - x[i] * pull);
    }
    x += width, dy += width, residual += width, dx += width;
  }
}

TK_CLONES
void tk_rotate(float *x, int stride, const int32_t *positions, int rows, int heads, int half,
               const float *cosines, const float *sines, float direction) {
  for (int row = 0; row < rows; row++) {
    const float *c = cosines + (long)positions[row] * half;
    const float *s = sines + (long)positions[row] * half;
    for (int head = 0; head < heads; head++) {
      float *restrict a = x + (long)row * stride + (long)head * 2 * half;
      float *restrict b = a + half;
      for (int i = 0; i < half; i++) {
        float u = a[i], v = b[i], sine = direction * s[i];
        a[i] = u * c[i] - v * sine;
        b[i] = v * c[i] + u * sine;
      }
    }
  }
}
