#include "Vector.h"

TK_CLONES
void tk_add(const float *x, float *y, int count) {
  int i = 0;
  for (; i + 16 <= count; i += 16) TK_STORE(y + i, TK_LOAD(y + i) + TK_LOAD(x + i));
  for (; i < count; i++) y[i] += x[i];
}

TK_CLONES
void tk_blend(const float *x, float *y, int count, float keep, float share) {
  v16 a, b;
  int i = 0;
  for (; i + 16 <= count; i += 16)
    TK_STORE(y + i, keep * TK_LOAD(y + i) + share * TK_LOAD(x + i));
  if (i == count) return;
  tk_load_part(&a, x + i, count - i, 0);
  tk_load_part(&b, y + i, count - i, 0);
  b = keep * b + share * a;
  tk_store_part(y + i, &b, count - i);
}

typedef double d8 __attribute__((ext_vector_type(8)));

TK_CLONES
double tk_sum_of_squares(const float *x, int count) {
  d8 sums = 0.0;
  double rest = 0;
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    v16 v = TK_LOAD(x + i);
    d8 low = __builtin_convertvector(v.lo, d8), high = __builtin_convertvector(v.hi, d8);
    sums += low * low;
    sums += high * high;
  }
  for (; i < count; i++) rest += (double)x[i] * x[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
         ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest;
}

TK_INLINE void adamw16(v16 *parameter, const v16 *gradient, v16 *first, v16 *second,
                       const struct tk_adamw *s) {
  v16 g = *gradient * s->gradient_scale;
  v16 m = s->beta1 * *first + s->complement1 * g;
  v16 v = s->beta2 * *second + s->complement2 * g * g;
  *first = m;
  *second = v;
  v16 root = __builtin_elementwise_sqrt(v) * s->inverse_root + s->epsilon;
  *parameter = *parameter * s->decay - s->step_size * m / root;
}

TK_CLONES
void tk_adamw_step(float *parameters, const float *gradients, float *first, float *second,
                   int count, struct tk_adamw settings) {
  v16 p, g, m, v;
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    p = TK_LOAD(parameters + i), g = TK_LOAD(gradients + i);
    m = TK_LOAD(first + i), v = TK_LOAD(second + i);
    adamw16(&p, &g, &m, &v, &settings);
    TK_STORE(parameters + i, p);
    TK_STORE(first + i, m);
    TK_STORE(second + i, v);
  }
  if (i == count) return;
  int part = count - i;
  tk_load_part(&p, parameters + i, part, 0);
  tk_load_part(&g, gradients + i, part, 0);
  tk_load_part(&m, first + i, part, 0);
  tk_load_part(&v, second + i, part, 0);
  adamw16(&p, &g, &m, &v, &settings);
  tk_store_part(parameters + i, &p, part);
  tk_store_part(first + i, &m, part);
  tk_store_part(second + i, &v, part);
}
