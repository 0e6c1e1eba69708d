"""Multinomial logistic regression over dense and sparse features side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Softmax:
    """The weights of a fitted model.

    Attributes:
        dense: (dense features, classes)
        sparse: (sparse features, classes)
        bias: (classes,)
    """

    dense: FloatArray
    sparse: FloatArray
    bias: FloatArray

    def logits(self, dense: FloatArray, sparse: csr_matrix) -> FloatArray:
        """Return the scores, shape (rows, classes), of rows of dense and sparse features."""
        scores: FloatArray = dense @ self.dense + sparse @ self.sparse + self.bias
        return scores

    def logits_of(
        self, dense: FloatArray, rows: Iterable[tuple[Sequence[int], FloatArray]]
    ) -> FloatArray:
        """Return the same of a few rows, each given by its columns and their values.

        For one short text, a matrix takes longer to make than to multiply.
        """
        sparse = [values @ self.sparse[columns] for columns, values in rows]
        scores: FloatArray = dense @ self.dense + np.stack(sparse) + self.bias
        return scores


def softmax(logits: FloatArray) -> FloatArray:
    """Turn scores (rows, classes) into probabilities of the same shape."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit_softmax(
    dense: FloatArray,
    sparse: csr_matrix,
    classes: npt.NDArray[np.int64],
    count: int,
    weights: FloatArray,
    inverse_penalty: float,
    steps: int,
    start: Softmax | None = None,
) -> Softmax:
    """Fit with L-BFGS from zero, or from ``start``; the same input gives the same weights.

    scikit-learn's ``LogisticRegression`` finds the same optimum, but has one matrix for all
    features: as a sparse one, the dense part makes each step four times as slow, and training
    no longer fits in a minute.

    Args:
        dense: (rows, dense features)
        sparse: (rows, sparse features)
        classes: class numbers from 0, shape (rows,)
        count: how many classes there are
        weights: how much each row counts, shape (rows,), 1 on average
        inverse_penalty: scikit-learn's ``C``: larger means weaker regularisation
        steps: the most steps to take; a fit cut short generalises as well, and is faster
        start: weights to start from, of the same shape as the result
    """
    rows = len(classes)
    cut_dense = dense.shape[1] * count
    cut_sparse = cut_dense + sparse.shape[1] * count
    transposed = sparse.T.tocsr()
    penalty = 1 / (inverse_penalty * rows)
    target = np.zeros((rows, count), dtype=np.float32)
    target[np.arange(rows), classes] = 1

    def unpack(flat: npt.NDArray[np.float64]) -> Softmax:
        flat32 = flat.astype(np.float32)
        return Softmax(
            flat32[:cut_dense].reshape(-1, count),
            flat32[cut_dense:cut_sparse].reshape(-1, count),
            flat32[cut_sparse:],
        )

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        model = unpack(flat)
        probabilities = softmax(model.logits(dense, sparse))
        chosen = probabilities[np.arange(rows), classes]
        value = -float((weights * np.log(np.maximum(chosen, 1e-12))).mean())
        value += penalty / 2 * float((model.dense**2).sum() + (model.sparse**2).sum())
        error = (probabilities - target) * (weights / rows)[:, None]
        gradient = np.concatenate(
            [
                (dense.T @ error + penalty * model.dense).ravel(),
                (transposed @ error + penalty * model.sparse).ravel(),
                error.sum(axis=0),
            ]
        )
        return value, gradient.astype(np.float64)

    first = (
        np.zeros(cut_sparse + count)
        if start is None
        else np.concatenate([start.dense.ravel(), start.sparse.ravel(), start.bias])
    )
    options = {"maxiter": steps, "ftol": 1e-5, "gtol": 1e-6}
    result = minimize(loss, first.astype(np.float64), jac=True, method="L-BFGS-B", options=options)
    return unpack(result.x)
