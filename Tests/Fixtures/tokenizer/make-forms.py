#!/usr/bin/env python3
"""Makes the folders under forms/, and forms.json and form-lines.jsonl beside this file.

    python3 Tests/Fixtures/tokenizer/make-forms.py [--cases FILE.jsonl.gz] [--keep]

Needs: pip install tokenizers (0.23.3 made what is here). Each form is a tokenizer.json with the parts
of a published one, and a small vocabulary that the library's BpeTrainer learns from this repository's
READMEs. What the library gives is kept as digests, FNV-1a of 64 bits: of a line's ids (each as four
bytes, the lowest first) and of what they decode to, with and without special tokens; of what random
tokens decode to; of all of --cases; of normal forms and of pieces over all of Unicode. --keep leaves
the tokenizers as they are, and makes the digests anew.
"""
import argparse
import gzip
import json
import pathlib
import unicodedata

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent

O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK_WORDS = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
                  r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""")
DEEPSEEK_V3 = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", DEEPSEEK_WORDS]
DEEPSEEK_LETTERS = (
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbe"
    "ῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
    "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+")
DEEPSEEK_V2 = [r"[\r\n]", DEEPSEEK_LETTERS, r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", "[一-龥ࠀ-一가-퟿]+"]
PATTERNS = {"o200k": O200K, "tekken": TEKKEN, "deepseek-words": DEEPSEEK_WORDS, "deepseek-letters": DEEPSEEK_LETTERS,
            "deepseek-signs": DEEPSEEK_V2[2], "cl100k-possessive":
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"}
UNICODE = "你好世界 Привет мир 안녕하세요 עולם नमस्ते é ñ 12 345 1234567 don't I'LL"


def fnv(data, value=0xCBF29CE484222325):
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def digest(ids, *texts):
    return "%016x" % fnv(b"".join(i.to_bytes(4, "little") for i in ids) + "\0".join(texts).encode())


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
TO_SIGN = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
TO_SPACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def metaspace(scheme, split):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def fallback(*end):
    return sequence("decoders", TO_SPACE, {"type": "ByteFallback"}, {"type": "Fuse"}, *end)


# The parts of a form: what differs from plain BPE. "bytes" is how many of <0x00>... the vocabulary has.
FORMS = {
    "llama2": dict(normalizer=sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, TO_SIGN), bytes=256,
                   unk="<unk>", fuse=True, decoder=fallback(STRIP), normalized=["</s>"]),
    "mistral": dict(pre=metaspace("first", False), bytes=256, unk="<unk>", fuse=True, decoder=fallback(STRIP)),
    "gemma": dict(normalizer=TO_SIGN, bytes=256, unk="<unk>", fuse=True, decoder=fallback(),
                  pre={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
                  added=["\n\n", "▁▁", "<start_of_turn>"]),
    "sentencepiece": dict(normalizer={"type": "NFKC"}, pre=metaspace("always", True), unk="<unk>", fuse=False,
                          decoder=metaspace("always", True), normalized=["ﬁx"]),
    "metaspace": dict(normalizer=sequence("normalizers", {"type": "NFKD"}), bytes=0xC4, unk="<unk>", fuse=True,
                      pre=sequence("pretokenizers", metaspace("never", True)), decoder=sequence("decoders", metaspace("never", True))),
    "deepseek-v2": dict(normalizer=sequence("normalizers"), pre=sequence(
        "pretokenizers", *map(split, DEEPSEEK_V2), {"type": "Digits", "individual_digits": True}, BYTE_LEVEL)),
    "deepseek-v3": dict(normalizer=sequence("normalizers"), pre=sequence("pretokenizers", *map(split, DEEPSEEK_V3), BYTE_LEVEL)),
    "o200k": dict(pre=sequence("pretokenizers", split(O200K, "Removed", True), BYTE_LEVEL)),
    "tekken": dict(normalizer=sequence("normalizers", {"type": "NFD"}), pre=sequence("pretokenizers", split(TEKKEN), BYTE_LEVEL),
                   decoder=sequence("decoders", BYTE_LEVEL), post=sequence("processors", BYTE_LEVEL)),
}


def make(name, form, texts):
    """A tokenizer.json of a form, trained."""
    is_byte_level = form.get("decoder", BYTE_LEVEL)["type"] == "ByteLevel" or name == "tekken"
    specials = ["<unk>", "<s>", "</s>"]
    bytes_ = ["<0x%02X>" % b for b in range(form.get("bytes", 0))]
    library = Tokenizer(models.BPE(unk_token=form.get("unk")))
    alphabet = []
    if is_byte_level:
        library.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=False)])
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        library.pre_tokenizer = pre_tokenizers.Metaspace()
    library.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=(480 if is_byte_level else 330) + len(bytes_), special_tokens=specials + bytes_ + form.get("added", []),
        initial_alphabet=alphabet, limit_alphabet=1000 if is_byte_level else 110, show_progress=False))
    document = json.loads(library.to_str())
    normalized = form.get("normalized", [])
    added = [t for t in document["added_tokens"] if t["content"] in specials + form.get("added", [])]
    for token in added:
        token["normalized"] = token["content"] in normalized
        token["special"] = token["content"] not in ["\n\n", "▁▁"]
    for text in normalized:
        if text not in specials:
            added.append(dict(added[0], id=len(document["model"]["vocab"]), content=text, normalized=True, special=False))
    document.update(
        added_tokens=added, normalizer=form.get("normalizer"), pre_tokenizer=form.get("pre"),
        decoder=form.get("decoder", BYTE_LEVEL), post_processor=form.get("post") or {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}})
    document["model"].update(byte_fallback=bool(bytes_), fuse_unk=form.get("fuse", False))
    folder = HERE / "forms" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def results(library, text):
    ids = library.encode(text, add_special_tokens=False).ids
    return digest(ids, *decoded(library, ids))


def decoded(library, ids):
    return [library.decode(ids, skip_special_tokens=skip) for skip in (False, True)]


def random_lists(size):
    """300 lists of up to 12 tokens, by a linear congruential generator."""
    state = 1
    for _ in range(300):
        ids = []
        while True:
            state = (state * 1664525 + 1013904223) % 2**32
            if len(ids) == 12 or ids and (state >> 8) % 7 == 0:
                break
            ids.append((state >> 12) % size)
        yield ids


def texts_of_scalars(is_known):
    for code in range(1, 0x110000):
        if not 0xD800 <= code < 0xE000 and (code < 0x20000 or code % 64 == 0) and is_known(code):
            yield chr(code)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if not arguments.keep:
        corpus = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Plugins/Transformer/README.md")]
        for name, form in FORMS.items():
            make(name, form, corpus + [UNICODE] * 3)
    libraries = {name: Tokenizer.from_file(str(HERE / "forms" / name / "tokenizer.json")) for name in FORMS}
    lines = [json.loads(line)["text"] for line in (HERE / "pattern-lines.jsonl").read_text(encoding="utf-8").splitlines()]
    lines += [json.loads(line)["text"] for line in (HERE / "hard-lines.jsonl").read_text(encoding="utf-8").splitlines()][::3]
    lines += ["<s>a <s> b</s>", " <s>", "▁<0x0A>\n", "<0x41><0x>", "a\n\n\n▁▁▁b", "ﬁx  fix ①½", "x</s> y", "<start_of_turn>user\nHi", "",
              "  two  spaces  ", "\t\ttabs\r\n\r\n  end  ", "１２３ＡＢＣ", "AAAaaa'S bbb'll CCC'd", "價值 漢字かなカナ 123456", "a/b/c//\n/d"]
    with open(HERE / "form-lines.jsonl", "w", encoding="utf-8") as file:
        for text in lines:
            row = {"text": text} | {name: results(library, text) for name, library in libraries.items()}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    summary = json.loads((HERE / "forms.json").read_text()) if (HERE / "forms.json").exists() else {}
    summary["random tokens"] = {
        name: digest([], *[t for ids in random_lists(library.get_vocab_size()) for t in decoded(library, ids)])
        for name, library in libraries.items()}
    if arguments.cases:
        with gzip.open(arguments.cases, "rt", encoding="utf-8") as file:
            cases = [json.loads(line)["text"] for line in file]
        summary["cases"] = {
            name: digest([], *[results(library, text) for text in cases]) for name, library in libraries.items()}
    summary["normal forms"] = {}
    for name in ("NFC", "NFD", "NFKC", "NFKD"):
        form = getattr(normalizers, name)()
        summary["normal forms"][name] = digest([], *[form.normalize_str(c + "\u0301") for c in texts_of_scalars(lambda code: True)])
    # What Python's Unicode doesn't know may have another class in another version.
    summary["unicode"] = unicodedata.unidata_version
    summary["pieces"] = {}
    for name, pattern in PATTERNS.items():
        cutter = pre_tokenizers.Split(Regex(pattern), "isolated")
        summary["pieces"][name] = {"pattern": pattern, "digest": digest([], *[
            piece for c in texts_of_scalars(lambda code: unicodedata.category(chr(code)) != "Cn")
            for piece, _ in cutter.pre_tokenize_str(f"a{c}B {c}1{c}{c}!{c}\n'{c} {c}  {c}2'll")])}
    (HERE / "forms.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
