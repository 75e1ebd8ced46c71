"""Writes blocks.json beside this file: what gguf makes of 256 blocks of each quantised type.

Every byte of a block takes each of its 256 values once, except those of scales, which take finite
halves at their extremes: zeros, subnormal and largest numbers of both signs. The test makes the same
blocks by the same formula. Needs the package gguf (0.19.0 wrote the file). Usage: python make-blocks.py
"""

import json
import pathlib

import gguf
import numpy as np

SCALES = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x8400,
          0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x2E66, 0xAE66, 0x1234, 0x9ABC]
# Where a block has its halves.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
    "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
}
# Values of so many blocks have one hash.
BLOCKS_PER_HASH = 32


def blocks(number, size, halves):
    block, place = np.arange(256)[:, None], np.arange(size)[None, :]
    odd = 2 * ((place * 37 + number * 11) % 128) + 1
    data = ((block * odd + place * 101 + number * 7) % 256).astype(np.uint8)
    for index, start in enumerate(halves):
        for i in range(256):
            bits = SCALES[i % 16 if index == 0 else i // 16]
            data[i, start], data[i, start + 1] = bits & 255, bits >> 8
    return data


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def main():
    types = []
    for name, halves in HALVES.items():
        kind = gguf.GGMLQuantizationType[name]
        data = blocks(int(kind), gguf.GGML_QUANT_SIZES[kind][1], halves)
        values = gguf.quants.dequantize(data, kind)
        assert values.dtype == np.float32 and np.isfinite(values).all()
        hashes = [fnv(values[start:start + BLOCKS_PER_HASH].astype("<f4").tobytes())
                  for start in range(0, 256, BLOCKS_PER_HASH)]
        types.append({"name": name, "number": int(kind), "halves": halves, "hashes": hashes})
    lines = ",\n  ".join(json.dumps(entry) for entry in types)
    place = pathlib.Path(__file__).with_name("blocks.json")
    place.write_text(f"[\n  {lines}\n]\n")


main()
