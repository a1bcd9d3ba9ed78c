"""Records what scikit-learn makes of random rankings with ties, for independent.test.ts.

    python3 -m venv venv && venv/bin/pip install numpy scikit-learn && venv/bin/python test/evaluation/metrics/independent.py

scikit-learn's average_precision_score takes equals as one step of its curve, so the expected average precision is had by
breaking the ties in every possible way (`exact`) or in many random ways (`sampled`, with its standard error) and
averaging. Its ndcg_score averages over ties by itself. AP@k is counted here in plain loops over the same orders.
"""
import itertools
import json
import math
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, ndcg_score

rng = np.random.default_rng(7)
CUTS = [1, 3, 10, 50]


def ap_at(relevant, k):
    hits, total = 0, 0.0
    for i, r in enumerate(relevant[:k], 1):
        if r:
            hits += 1
            total += hits / i
    return total / min(k, sum(relevant))


def by_ndcg(distances, gains):
    truth = [(2.0 ** np.array(gains) - 1)]
    score = [-np.array(distances, dtype=float)]
    return {'all': ndcg_score(truth, score), **{str(k): ndcg_score(truth, score, k=k) for k in CUTS}}


def score_of(n):
    return np.arange(n, 0, -1)


def exact(n, width, levels):
    distances = rng.integers(0, width + 1, n).tolist()
    gains = (rng.integers(0, levels + 1, n) * (rng.random(n) < 0.6)).tolist()
    if not any(gains):
        gains[0] = 1
    groups = [[int(g > 0) for d, g in zip(distances, gains) if d == place] for place in range(width + 1)]
    ways = [sorted(set(itertools.permutations(group))) for group in groups]
    aps, cut = [], {k: [] for k in CUTS}
    for way in itertools.product(*ways):
        order = [r for group in way for r in group]
        aps.append(average_precision_score(order, score_of(n)))
        for k in CUTS:
            cut[k].append(ap_at(order, k))
    return {'distances': distances, 'gains': gains, 'places': width + 1, 'levels': levels, 'ap': float(np.mean(aps)),
            'apAt': {str(k): float(np.mean(v)) for k, v in cut.items()}, 'ndcg': by_ndcg(distances, gains)}


def sampled(n, width, levels, draws=3000):
    gains = (rng.integers(1, levels + 1, n) * (rng.random(n) < 0.2)).tolist()
    distances = np.clip(rng.normal(width / 2, width / 6, n) - np.array(gains), 0, width).astype(int).tolist()
    aps = []
    for _ in range(draws):
        order = np.lexsort((rng.random(n), distances))
        aps.append(average_precision_score(np.array(gains)[order] > 0, score_of(n)))
    return {'distances': distances, 'gains': gains, 'places': width + 1, 'levels': levels, 'ap': float(np.mean(aps)),
            'standardError': float(np.std(aps, ddof=1) / math.sqrt(draws)), 'ndcg': by_ndcg(distances, gains)}


cases = {
    'scikitLearn': sklearn.__version__,
    'exact': [exact(int(rng.integers(2, 13)), int(rng.integers(1, 5)), int(rng.integers(1, 4))) for _ in range(60)],
    'sampled': [sampled(200, width, levels) for width, levels in [(8, 1), (16, 1), (32, 3), (64, 5)]],
}
pathlib.Path(__file__).with_name('independent.json').write_text(json.dumps(cases) + '\n')
