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

TK_INLINE void norm_row(const float *x, const float *gain, float *y, int width, float epsilon) {
  float r = inverse_deviation(x, width, epsilon);
  int i = 0;
  for (; i + 16 <= width; i += 16) TK_STORE(y + i, TK_LOAD(x + i) * r * TK_LOAD(gain + i));
  for (; i < width; i++) y[i] = x[i] * r * gain[i];
}

TK_CLONES
void tk_rms_norm(const float *x, const float *gain, float *y, int rows, int width, float epsilon) {
  for (int row = 0; row < rows; row++, x += width, y += width)
    norm_row(x, gain, y, width, epsilon);
}

TK_CLONES
void tk_rms_norm_heads(float *x, int stride, const float *gain, int rows, int heads, int size,
                       float epsilon) {
  for (int row = 0; row < rows; row++, x += stride)
    for (int head = 0; head < heads; head++)
      norm_row(x + head * size, gain, x + head * size, size, epsilon);
}

/* With r the inverse deviation and u = gain * dy:
 * dx = r * (u - x * r^2 * mean(u * x)); d gain = sum over rows of dy * x * r.
 * No residual: a null pointer. */
TK_INLINE void norm_row_backward(const float *x, const float *gain, const float *dy,
                                 const float *residual, float *dx, float *gain_gradient, int width,
                                 float epsilon) {
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
    v16 slope = d * TK_LOAD(gain + i) * r - v * pull;
    TK_STORE(dx + i, residual ? TK_LOAD(residual + i) + slope : slope);
  }
  for (; i < width; i++) {
    float d = dy[i];
    gain_gradient[i] += d * x[i] * r;
    float slope = d * gain[i] * r - x[i] * pull;
    dx[i] = residual ? residual[i] + slope : slope;
  }
}

TK_CLONES
void tk_rms_norm_backward(const float *x, const float *gain, const float *dy,
                          const float *residual, float *dx, float *gain_gradient, int rows,
                          int width, float epsilon) {
  for (int row = 0; row < rows; row++) {
    norm_row_backward(x, gain, dy, residual, dx, gain_gradient, width, epsilon);
    x += width, dy += width, residual += width, dx += width;
  }
}

TK_CLONES
void tk_rms_norm_heads_backward(const float *x, int x_stride, const float *gain, float *d,
                                int d_stride, float *gain_gradient, int rows, int heads, int size,
                                float epsilon) {
  for (int row = 0; row < rows; row++, x += x_stride, d += d_stride)
    for (int head = 0; head < heads; head++) {
      float *dx = d + head * size;
      norm_row_backward(x + head * size, gain, dx, 0, dx, gain_gradient, size, epsilon);
    }
}

TK_CLONES
void tk_add_to_rows(const float *x, float *y, int stride, int rows, int count) {
  for (int row = 0; row < rows; row++, y += stride) {
    int i = 0;
    for (; i + 16 <= count; i += 16) TK_STORE(y + i, TK_LOAD(y + i) + TK_LOAD(x + i));
    for (; i < count; i++) y[i] += x[i];
  }
}

TK_CLONES
void tk_sum_rows(const float *x, int stride, int rows, int count, float *sums) {
  for (int row = 0; row < rows; row++, x += stride) {
    int i = 0;
    for (; i + 16 <= count; i += 16) TK_STORE(sums + i, TK_LOAD(sums + i) + TK_LOAD(x + i));
    for (; i < count; i++) sums[i] += x[i];
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
