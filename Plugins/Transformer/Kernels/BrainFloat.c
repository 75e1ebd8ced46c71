#include "Vector.h"

/* Rounds by adding half of what is cut off, less one if the last bit that stays is even. A NaN of
 * a small payload could become an infinity: its quiet bit is set first. */
TK_CLONES
void tk_to_bf16(const float *x, int x_stride, uint16_t *y, int rows, int count) {
  for (int row = 0; row < rows; row++, x += x_stride, y += count) {
    for (int i = 0; i < count; i++) {
      uint32_t bits;
      memcpy(&bits, x + i, sizeof bits);
      const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
      const uint32_t quiet = bits | 0x400000;
      y[i] = (uint16_t)((x[i] != x[i] ? quiet : rounded) >> 16);
    }
  }
}
