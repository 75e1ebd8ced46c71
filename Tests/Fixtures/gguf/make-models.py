"""Writes four small GGUF files and models.json beside this file: what transformers makes of them.

The weights are random, in the types that quantised files mix. transformers computes with the values
that gguf gives for them, in float64, with the rows of llama's queries and keys put back in its order.
Needs gguf, torch and transformers (0.19.0, 2.13.0 and 5.23.0 wrote the files).
Usage: python make-models.py
"""

import json
import pathlib

import gguf
import numpy as np
import torch
import transformers

HERE = pathlib.Path(__file__).parent
TOKENIZER = json.loads((HERE.parent / "tiny-qwen2/tokenizer.json").read_text())
TEMPLATE = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content']"
            " + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
            "{{ '<|im_start|>assistant\\n' }}{% endif %}")
# The halves of the types that gguf can't write, and the minimum that centres the numbers, over the scale.
UNWRITTEN = {"Q2_K": (80, 82, 1.5), "Q3_K": (108, None, 0), "Q4_K": (0, 2, 7.5),
             "Q5_K": (0, 2, 15.5), "Q6_K": (208, None, 0), "IQ4_NL": (0, None, 0), "IQ4_XS": (0, None, 0)}
WIDTH, LAYERS, HEADS, KEY_HEADS, VOCABULARY = 32, 2, 4, 2, 520

MODELS = {
    "qwen2": dict(hidden=256, head=8, tied=True, theta=1e6, types=dict(
        embed="Q8_0", q="Q5_0", k="Q5_1", v="IQ4_NL", output="F16", gate="IQ4_NL", up="Q5_1",
        down=["Q2_K", "Q3_K"])),
    "qwen3": dict(hidden=256, head=16, tied=False, theta=1e6, types=dict(
        embed="Q5_0", q="IQ4_NL", k="Q5_0", v="Q8_0", output="Q5_1", gate="Q5_0", up="IQ4_NL",
        down=["Q5_K", "IQ4_XS"], head="Q5_1")),
    "llama3": dict(hidden=64, head=16, tied=True, theta=100.0, types=dict(
        embed="Q8_0", q="IQ4_NL", k="Q5_0", v="Q5_1", output="Q8_0", gate="Q5_0", up="F16",
        down=["Q5_1", "BF16"]),
        rope=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=40)),
    "linear": dict(hidden=64, head=8, tied=True, theta=10000.0, types=dict(
        embed="Q8_0", q="F32", k="F32", v="Q8_0", output="Q8_0", gate="Q4_1", up="Q4_0",
        down=["Q5_0", "Q5_1"]), rope=dict(rope_type="linear", factor=4.0)),
}


def random_tensor(rng, shape, name):
    """Blocks of a matrix whose numbers have about the deviation 1 / sqrt(inputs)."""
    kind, deviation = gguf.GGMLQuantizationType[name], shape[-1] ** -0.5
    if name not in UNWRITTEN:
        return gguf.quants.quantize((rng.standard_normal(shape) * deviation).astype(np.float32), kind)
    scale, minimum, share = UNWRITTEN[name]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (shape[0] * shape[1] // block, size), dtype=np.uint8)

    def put(place, value):
        data[:, place:place + 2] = np.full(len(data), value, np.float16).view(np.uint8).reshape(-1, 2)

    def fill(value):
        put(scale, value)
        if minimum is not None:
            put(minimum, value * share)

    fill(1)
    fill(deviation / gguf.quants.dequantize(data, kind).std())
    return data.reshape(shape[0], -1)


class File:
    """A GGUF file in the making, and its weights under Hugging Face's names."""

    def __init__(self, name, model):
        self.family = {"qwen2": "qwen2", "qwen3": "qwen3"}.get(name, "llama")
        self.writer = gguf.GGUFWriter(HERE / f"{name}.gguf", self.family)
        self.rng = np.random.default_rng(20250519)
        self.weights = {}
        self.model = model

    def matrix(self, name, target, shape, kind, heads=None):
        data = random_tensor(self.rng, shape, kind)
        kind = gguf.GGMLQuantizationType[kind]
        self.writer.add_tensor(name + ".weight", data, raw_dtype=kind)
        values = gguf.quants.dequantize(data, kind).reshape(shape)
        if heads and self.family == "llama":
            # The inverse of `permute` in llama.cpp's convert_hf_to_gguf.py.
            values = values.reshape(heads, -1, 2, shape[1]).swapaxes(1, 2).reshape(shape)
        self.weights[target + ".weight"] = values

    def vector(self, name, target, size, middle, suffix=".weight"):
        values = (middle + 0.3 * self.rng.standard_normal(size)).astype(np.float32)
        self.writer.add_tensor(name + suffix, values)
        self.weights[target + suffix] = values

    def tensors(self):
        head, hidden, types = self.model["head"], self.model["hidden"], self.model["types"]
        queries, keys = HEADS * head, KEY_HEADS * head
        self.matrix("token_embd", "model.embed_tokens", (VOCABULARY, WIDTH), types["embed"])
        for layer in range(LAYERS):
            a, b = f"blk.{layer}.", f"model.layers.{layer}."
            self.vector(a + "attn_norm", b + "input_layernorm", WIDTH, 1)
            self.matrix(a + "attn_q", b + "self_attn.q_proj", (queries, WIDTH), types["q"], HEADS)
            self.matrix(a + "attn_k", b + "self_attn.k_proj", (keys, WIDTH), types["k"], KEY_HEADS)
            self.matrix(a + "attn_v", b + "self_attn.v_proj", (keys, WIDTH), types["v"])
            self.matrix(a + "attn_output", b + "self_attn.o_proj", (WIDTH, queries), types["output"])
            if self.family == "qwen2":
                for short, size in [("q", queries), ("k", keys), ("v", keys)]:
                    self.vector(a + f"attn_{short}", b + f"self_attn.{short}_proj", size, 0, ".bias")
            if self.family == "qwen3":
                self.vector(a + "attn_q_norm", b + "self_attn.q_norm", head, 1)
                self.vector(a + "attn_k_norm", b + "self_attn.k_norm", head, 1)
            self.vector(a + "ffn_norm", b + "post_attention_layernorm", WIDTH, 1)
            self.matrix(a + "ffn_gate", b + "mlp.gate_proj", (hidden, WIDTH), types["gate"])
            self.matrix(a + "ffn_up", b + "mlp.up_proj", (hidden, WIDTH), types["up"])
            self.matrix(a + "ffn_down", b + "mlp.down_proj", (WIDTH, hidden), types["down"][layer])
        self.vector("output_norm", "model.norm", WIDTH, 1)
        if not self.model["tied"]:
            self.matrix("output", "lm_head", (VOCABULARY, WIDTH), types["head"])

    def metadata(self):
        writer, model = self.writer, self.model
        writer.add_context_length(128)
        writer.add_embedding_length(WIDTH)
        writer.add_block_count(LAYERS)
        writer.add_feed_forward_length(model["hidden"])
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(KEY_HEADS)
        writer.add_rope_freq_base(model["theta"])
        writer.add_layer_norm_rms_eps(1e-6)
        if model["head"] != WIDTH // HEADS:
            writer.add_key_length(model["head"])
            writer.add_value_length(model["head"])
        if self.family == "llama":
            # The converter writes both for llama alone.
            writer.add_vocab_size(VOCABULARY)
            writer.add_rope_dimension_count(model["head"])
        rope = model.get("rope", {})
        if rope.get("rope_type") == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])

    def tokenizer(self):
        tokens = [f"[PAD{i}]" for i in range(VOCABULARY)]
        types = [int(gguf.TokenType.UNUSED)] * VOCABULARY
        for token, number in TOKENIZER["model"]["vocab"].items():
            tokens[number], types[number] = token, int(gguf.TokenType.NORMAL)
        for token in TOKENIZER["added_tokens"]:
            tokens[token["id"]], types[token["id"]] = token["content"], int(gguf.TokenType.CONTROL)
        merges = [m if isinstance(m, str) else " ".join(m) for m in TOKENIZER["model"]["merges"]]
        self.writer.add_tokenizer_model("gpt2")
        self.writer.add_tokenizer_pre("qwen2")
        self.writer.add_token_list(tokens)
        self.writer.add_token_types(types)
        self.writer.add_token_merges(merges)
        self.writer.add_eos_token_id(2)
        if self.family == "qwen2":
            # No token that begins a text, as in files of base models.
            self.writer.add_chat_template(TEMPLATE)
        else:
            self.writer.add_bos_token_id(1)
            self.writer.add_add_bos_token(False)

    def rope_factors(self):
        """As `generate_extra_tensors` of llama.cpp's converter computes them, in float32."""
        rope = self.model.get("rope", {})
        if rope.get("rope_type") != "llama3":
            return
        size = self.model["head"]
        frequencies = 1 / self.model["theta"] ** (torch.arange(0, size, 2, dtype=torch.float32) / size)
        context = rope["original_max_position_embeddings"]
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        factors = []
        for frequency in frequencies:
            wavelength = 2 * np.pi / frequency
            if wavelength < context / high:
                factors.append(1)
            elif wavelength > context / low:
                factors.append(rope["factor"])
            else:
                share = (context / wavelength - low) / (high - low)
                factors.append(1 / ((1 - share) / rope["factor"] + share))
        self.writer.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))

    def finish(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()

    def reference(self):
        """Log-probabilities of all tokens but each sequence's first, by transformers."""
        model = self.model
        rope = {"rope_theta": model["theta"], **model.get("rope", {"rope_type": "default"})}
        config = transformers.AutoConfig.for_model(
            self.family, vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS,
            num_attention_heads=HEADS, num_key_value_heads=KEY_HEADS, head_dim=model["head"],
            intermediate_size=model["hidden"], max_position_embeddings=128, rms_norm_eps=1e-6,
            tie_word_embeddings=model["tied"], rope_parameters=rope)
        network = transformers.AutoModelForCausalLM.from_config(
            config, attn_implementation="eager").double().eval()
        weights = {name: torch.from_numpy(value).double() for name, value in self.weights.items()}
        if model["tied"]:
            weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
        network.load_state_dict(weights, strict=True)
        sequences, scores = [], []
        for length in (17, 60):
            tokens = self.rng.integers(3, 512, length)
            with torch.no_grad():
                logits = network(torch.from_numpy(tokens)[None]).logits[0]
            # The rows behind the last token have no probability (decision 17).
            logits = logits[:, :512].log_softmax(-1)
            sequences.append(tokens.tolist())
            scores.append([round(float(logits[i, token]), 9) for i, token in enumerate(tokens[1:])])
        return {"tokens": sequences, "log_probabilities": scores}


def main():
    results = {}
    for name, model in MODELS.items():
        file = File(name, model)
        file.metadata()
        file.tokenizer()
        file.rope_factors()
        file.tensors()
        file.finish()
        results[name] = file.reference()
    body = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in results.items())
    (HERE / "models.json").write_text(f"{{\n  {body}\n}}\n")


main()
