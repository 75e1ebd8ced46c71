#!/usr/bin/env python3
"""Compares a tokenizer program with the `tokenizers` library, line by line.

    python3 Tests/compare-tokenizers.py --command "fulcrum model tokenize" MODEL_FOLDER...

Needs: pip install tokenizers. A folder holds a tokenizer.json. For each folder the command is run
as COMMAND FOLDER --input FILE --output FILE. A line of the input is {"text": ...}; the line that
answers it is {"ids": [...], "decoded": ...}, with the text's tokens (none added) and what they decode
to with special tokens kept. The lines, more than 100,000, are made anew from --seed: installed Python
sources, this repository's Swift sources, every Unicode scalar, and random mixtures of scripts, emoji,
white space, combining marks, digits and the tokenizer's own added tokens. --lines adds files of
{"text": ...} lines (.gz too). Exit status 1 if any line differs.
"""
import argparse
import gzip
import json
import pathlib
import random
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import unicodedata

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent

WORDS = """the of and to in is knight knave says if then only tell I'm you're they've we'll he'd it's
isn't DON'T WE'LL don’t naïve café Straße ΑΒΓ Привет мир שלום עולם مرحبا بالعالم ١٢٣ नमस्ते दुनिया สวัสดี
你好 世界 今日は 東京 안녕하세요 세계 é ñ Å ß ſ K İ ﬁ ﬆ ǅ 𝒳 𐍈 🙂 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 e\u0301 a\u0323\u0302 \u1100\u1161\u11a8
\uac00\u11a8 \u0f73 \u0958 \u212b \u2126 12 345 1234567 3.14 1e-5 0x1F ½ Ⅷ ² ٣ १२ 𝟙𝟚 foo_bar snake_case() ->
=> != == ** // /* */ <!-- <a href="x"> </think> {} [] () \\n \\t #include @property $x %s & | ~ ` ^ ...
… — « » “ ” ‘ ’ 's 'S 't 're 'RE 've 'm 'll 'LL 'd 'ſ '""".split()
SPACES = [" ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\u00a0", "\u3000", "\u2003",
          "\u2028", "\u0085", "\u000b", "\f", "\u001c", "\u200b", "\ufeff", "\u180e", "\u202f", ""]


def sources(random_):
    """Pieces of Python and Swift sources, cut at arbitrary places."""
    python = sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))
    swift = sorted(ROOT.glob("Plugins/**/*.swift")) + sorted(ROOT.glob("Sources/**/*.swift"))
    for path in python + swift:
        text = path.read_text(encoding="utf-8", errors="ignore")
        start = 0
        while start < len(text):
            end = start + random_.randint(1, 400)
            yield text[start:end]
            start = end


def every_scalar():
    """Each Unicode scalar between others, so that its class shows."""
    for code in range(1, 0x110000):
        if not 0xD800 <= code < 0xE000 and (code < 0x32000 or 0xE0000 <= code < 0xE0200 or code % 64 == 0):
            c = chr(code)
            yield f"a{c}b {c}1{c}{c}!{c}\n'{c} {c}  {c}2"


def mixtures(random_, added, count):
    """Random texts over words, spaces, single scalars and added tokens, whole and broken."""
    marks = [chr(c) for c in range(0x300, 0x370)] + ["\u0f71", "\u0f72", "\u0f74", "\u11a8", "\u1161"]
    blocks = [(1, 0x80), (0x80, 0x250), (0x370, 0x590), (0x590, 0x700), (0x900, 0xE00), (0x1100, 0x1200),
              (0x1E00, 0x2000), (0x2000, 0x2C00), (0x3000, 0x3400), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4),
              (0xF900, 0xFB00), (0x1F300, 0x1FA00), (0x10000, 0x11000), (0x20000, 0x2A6E0)]
    for _ in range(count):
        parts = []
        for _ in range(random_.randint(1, 12)):
            kind = random_.random()
            if kind < 0.45:
                parts.append(random_.choice(WORDS))
            elif kind < 0.6 and added:
                token = random_.choice(added)
                parts.append(token if random_.random() < 0.7 else token[: random_.randint(0, len(token))])
            elif kind < 0.7:
                parts.append(random_.choice(WORDS)[:1] + "".join(random_.choices(marks, k=random_.randint(1, 3))))
            elif kind < 0.8:
                block = random_.choice(blocks)
                parts.append("".join(chr(random_.randrange(*block)) for _ in range(random_.randint(1, 6))))
            else:
                parts.append(random_.choice(SPACES) * random_.choice([1, 1, 1, 2, 5]))
            if random_.random() < 0.5:
                parts.append(random_.choice(SPACES))
        yield "".join(parts)


def given(path):
    """The texts of a file of JSON lines."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def compare(folder, arguments):
    """Prints what differs for one tokenizer; whether nothing does."""
    library = Tokenizer.from_file(folder + "/tokenizer.json")
    library.no_truncation()
    library.no_padding()
    random_ = random.Random(arguments.seed)
    added = [token.content for token in library.get_added_tokens_decoder().values()]
    texts = list(sources(random_)) + list(every_scalar()) + list(mixtures(random_, added, 60000))
    for path in arguments.lines:
        texts += given(path)
    texts = [text for text in texts if not any(0xD800 <= ord(c) < 0xE000 for c in text)]
    with tempfile.TemporaryDirectory() as aside:
        question, answer = aside + "/input.jsonl", aside + "/output.jsonl"
        with open(question, "w", encoding="utf-8") as file:
            for text in texts:
                file.write(json.dumps({"text": text}, ensure_ascii=random_.random() < 0.5) + "\n")
        subprocess.run(shlex.split(arguments.command) + [folder, "--input", question, "--output", answer], check=True)
        with open(answer, encoding="utf-8", newline="\n") as file:
            answers = [json.loads(line) for line in file]
    if len(answers) != len(texts):
        print(f"{folder}: {len(texts)} lines in, {len(answers)} lines out")
        return False
    expected = [e.ids for e in library.encode_batch(texts, add_special_tokens=False)]
    decoded = library.decode_batch(expected, skip_special_tokens=False)
    different = [i for i, a in enumerate(answers) if a["ids"] != expected[i] or a["decoded"] != decoded[i]]
    print(f"{folder}: {len(texts)} texts, {len(different)} differ")
    for i in different[: arguments.show]:
        print(f"  {ascii(texts[i])}\n    expected {expected[i]} {ascii(decoded[i])}\n    got      {answers[i]['ids']} {ascii(answers[i]['decoded'])}")
    strange = {c for i in different for c in texts[i] if unicodedata.category(c) == "Cn"}
    if strange:
        print(f"  {len(strange)} of their characters are unknown to Python's Unicode {unicodedata.unidata_version}")
    return not different


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--command", required=True, help="the program with its first arguments")
    parser.add_argument("--lines", action="append", default=[], help="a file of JSON lines with a text each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="how many differences to print")
    arguments = parser.parse_args()
    sys.exit(0 if all([compare(folder, arguments) for folder in arguments.folders]) else 1)


main()
