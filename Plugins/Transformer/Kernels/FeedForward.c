#include "Vector.h"

/* x := 1 / (1 + e^-x) */
TK_INLINE void sigmoid16(v16 *x) {
  v16 e = -*x;
  tk_exp16(&e);
  *x = 1.0f / (1.0f + e);
}

TK_INLINE void swiglu16(const v16 *gate, const v16 *up, v16 *out) {
  v16 s = *gate;
  sigmoid16(&s);
  *out = *gate * s * *up;
}

TK_CLONES
void tk_swiglu(const float *gate_up, float *out, int rows, int width) {
  for (int row = 0; row < rows; row++, gate_up += 2 * width, out += width) {
    const float *up = gate_up + width;
    v16 g, u, y;
    int i = 0;
    for (; i + 16 <= width; i += 16) {
      g = TK_LOAD(gate_up + i), u = TK_LOAD(up + i);
      swiglu16(&g, &u, &y);
      TK_STORE(out + i, y);
    }
    if (i == width) continue;
    tk_load_part(&g, gate_up + i, width - i, 0);
    tk_load_part(&u, up + i, width - i, 0);
    swiglu16(&g, &u, &y);
    tk_store_part(out + i, &y, width - i);
  }
}

/* d silu(g) / dg = s (1 + g (1 - s)) */
TK_INLINE void swiglu_backward16(v16 *gate, v16 *up, const v16 *d_out, v16 *out) {
  v16 g = *gate, s = g;
  sigmoid16(&s);
  v16 silu = g * s;
  *out = silu * *up;
  *gate = *d_out * *up * s * (1.0f + g * (1.0f - s));
  *up = *d_out * silu;
}

TK_CLONES
void tk_swiglu_backward(float *gate_up, const float *d_out, float *out, int rows, int width) {
  for (int row = 0; row < rows; row++, gate_up += 2 * width, out += width, d_out += width) {
    float *up = gate_up + width;
    v16 g, u, d, y;
    int i = 0;
    for (; i + 16 <= width; i += 16) {
      g = TK_LOAD(gate_up + i), u = TK_LOAD(up + i), d = TK_LOAD(d_out + i);
      swiglu_backward16(&g, &u, &d, &y);
      TK_STORE(gate_up + i, g);
      TK_STORE(up + i, u);
      TK_STORE(out + i, y);
    }
    if (i == width) continue;
    tk_load_part(&g, gate_up + i, width - i, 0);
    tk_load_part(&u, up + i, width - i, 0);
    tk_load_part(&d, d_out + i, width - i, 0);
    swiglu_backward16(&g, &u, &d, &y);
    tk_store_part(gate_up + i, &g, width - i);
    tk_store_part(up + i, &u, width - i);
    tk_store_part(out + i, &y, width - i);
  }
}
