#include "Vector.h"

typedef float v8_unaligned __attribute__((ext_vector_type(8), aligned(4)));
typedef float v4_unaligned __attribute__((ext_vector_type(4), aligned(4)));
typedef float v1_unaligned __attribute__((aligned(4)));

/* A block of rows by one register of columns. `rows` is a constant where this is inlined, so the sums
 * stay in registers; 8 of them hide the latency of a fused multiply and add. */
#define BLOCK(NAME, VECTOR, UNALIGNED)                                                        \
  TK_INLINE void NAME(const struct tk_thin *p, int rows, const float *x, const float *w,      \
                      float *y) {                                                             \
    VECTOR sums[8];                                                                           \
    for (int r = 0; r < rows; r++) sums[r] = 0.0f;                                            \
    for (int k = 0; k < p->inner; k++) {                                                      \
      VECTOR factor = (VECTOR)(*(const UNALIGNED *)(w + (long)k * p->w_stride));              \
      for (int r = 0; r < rows; r++) sums[r] += x[(long)r * p->x_stride + k] * factor;        \
    }                                                                                         \
    for (int r = 0; r < rows; r++) {                                                          \
      UNALIGNED *place = (UNALIGNED *)(y + (long)r * p->y_stride);                            \
      VECTOR value = p->scale * sums[r];                                                      \
      if (p->adds) value += (VECTOR)(*place);                                                 \
      *place = value;                                                                         \
    }                                                                                         \
  }

BLOCK(block16, v16, v16_unaligned)
BLOCK(block8, v8, v8_unaligned)
BLOCK(block4, v4, v4_unaligned)
BLOCK(block1, float, v1_unaligned)

/* A column's path depends on its place alone, a row's on nothing. */
TK_INLINE void thin_rows(const struct tk_thin *p, int rows, const float *x, const float *w,
                         float *y) {
  int column = 0;
  for (; column + 16 <= p->columns; column += 16) block16(p, rows, x, w + column, y + column);
  for (; column + 8 <= p->columns; column += 8) block8(p, rows, x, w + column, y + column);
  for (; column + 4 <= p->columns; column += 4) block4(p, rows, x, w + column, y + column);
  for (; column < p->columns; column++) block1(p, rows, x, w + column, y + column);
}

TK_CLONES
void tk_thin_product(const struct tk_thin *product, const float *x, const float *w, float *y) {
  int row = 0;
  for (; row + 8 <= product->rows; row += 8)
    thin_rows(product, 8, x + (long)row * product->x_stride, w,
              y + (long)row * product->y_stride);
  for (; row < product->rows; row++)
    thin_rows(product, 1, x + (long)row * product->x_stride, w,
              y + (long)row * product->y_stride);
}

TK_CLONES
void tk_transpose(const float *x, float *y, int rows, int columns) {
  enum { SIDE = 16 };
  for (int r = 0; r < rows; r += SIDE)
    for (int c = 0; c < columns; c += SIDE)
      for (int i = r; i < rows && i < r + SIDE; i++)
        for (int j = c; j < columns && j < c + SIDE; j++)
          y[(long)j * rows + i] = x[(long)i * columns + j];
}

int tk_is_zero(const float *x, int count) {
  for (int i = 0; i < count; i++)
    if (x[i] != 0) return 0;
  return 1;
}
