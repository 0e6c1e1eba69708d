"""A spaCy pipe that gives every token its contextual vector from all-MiniLM-L6-v2.

The encoder (Apache-2.0) is an int8 ONNX file in this package, run on one thread by onnxruntime.
A token's vector is the mean of its word pieces, without the [CLS] and [SEP] marks; the mean over
the tokens, as Rasa's stock ``SpacyFeaturizer`` takes it, is then the vector of the sentence.
Misspelt words are read as ``spelling`` repaired them.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.util import minibatch
from spacy.vectors import Vectors
from tokenizers import Tokenizer

from needlepoint.language.spelling import read_as

ASSETS = Path(__file__).parent / "minilm"
DIMENSIONS = 384
# The model knows 512 positions, but was trained on 256: beyond that its vectors are not reliable.
MAX_PIECES = 256

FloatArray = npt.NDArray[np.float32]


@lru_cache(maxsize=1)
def load_session() -> onnxruntime.InferenceSession:
    """Return the ONNX session, loaded once for all pipelines of a process.

    Raises:
        onnxruntime.capi.onnxruntime_pybind11_state.NoSuchFile: the model file is missing.
    """
    options = onnxruntime.SessionOptions()
    # One thread: a sentence is too short to share out, and the server has other work to do.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(ASSETS / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )


@lru_cache(maxsize=1)
def load_tokenizer() -> Tokenizer:
    """Return the word-piece tokenizer, without padding, cutting texts at ``MAX_PIECES``."""
    tokenizer = Tokenizer.from_file(str(ASSETS / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_PIECES)
    return tokenizer


class Encoder:
    """The pipe: hooks a vector of shape (384,), float32, to each token of a document."""

    def __init__(self) -> None:
        self._session = load_session()
        self._tokenizer = load_tokenizer()

    def __call__(self, doc: Doc) -> Doc:
        """Set the vector hooks of ``doc`` (its tokens, spans and itself) and return it."""
        vectors = self.token_vectors(doc)

        def token_vector(token: Token) -> FloatArray:
            return vectors[token.i]

        def span_vector(span: Doc | Span) -> FloatArray:
            start = span.start if isinstance(span, Span) else 0
            return mean_vector(vectors[start : start + len(span)])

        doc.user_token_hooks["vector"] = token_vector
        doc.user_span_hooks["vector"] = span_vector
        doc.user_hooks["vector"] = span_vector
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Process many documents, one to a core, without changing any result."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for batch in minibatch(stream, batch_size):  # type: ignore[no-untyped-call]
                yield from pool.map(self, batch)

    def token_vectors(self, doc: Doc) -> FloatArray:
        """Return the vectors of the tokens of ``doc``: shape (tokens, 384).

        Tokens without word pieces (white space, or beyond the 256 pieces that the model reads)
        get zeros, which leave the direction of any mean as it is.
        """
        vectors = np.zeros((len(doc), DIMENSIONS), dtype=np.float32)
        pieces, words = self.piece_vectors([read_as(token) for token in doc])
        counts = np.bincount(words, minlength=len(doc)).astype(np.float32)
        np.add.at(vectors, words, pieces)
        filled = counts > 0
        vectors[filled] /= counts[filled, None]
        return vectors

    def piece_vectors(self, words: list[str]) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Return the vectors of the word pieces of a text, and to which of ``words`` each belongs.

        Returns:
            vectors of shape (pieces, 384), without the marks for beginning and end; positions in
            ``words`` of shape (pieces,)
        """
        encoding = self._tokenizer.encode(words, is_pretokenized=True)
        owners = np.array([word for word in encoding.word_ids if word is not None], dtype=np.int64)
        if not len(owners):  # only the two marks: nothing to read
            return np.zeros((0, DIMENSIONS), dtype=np.float32), owners
        ids = np.asarray([encoding.ids], dtype=np.int64)
        (pieces,) = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return pieces[0, 1:-1], owners


def mean_vector(vectors: FloatArray) -> FloatArray:
    """Return the mean of the non-zero rows of ``vectors`` (n, 384), or zeros if there are none."""
    rows = vectors[np.any(vectors != 0, axis=1)]
    return rows.mean(axis=0) if len(rows) else np.zeros(DIMENSIONS, dtype=np.float32)


@Language.factory("needlepoint_encoder", assigns=["token.vector", "doc.vector"])
def create_encoder(nlp: Language, name: str) -> Encoder:
    """Create the pipe. Gives the vocabulary a width, without which Rasa ignores the vectors."""
    if nlp.vocab.vectors.shape[1] == 0:
        nlp.vocab.vectors = Vectors(shape=(1, DIMENSIONS))
    return Encoder()
