"""FAISS's binary indexes, and pynear's multi-index hashing where it is there, asked over lines of JSON: one thread, codes and queries from files, processor times in milliseconds."""
import json
import resource
import sys
import time

import faiss
import numpy as np

try:
    import pynear
except ImportError:
    pynear = None

faiss.omp_set_num_threads(1)
indexes = {}
codes = queries = None


def rss():
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def make(kind, bits):
    if kind == 'flat':
        return faiss.IndexBinaryFlat(bits)
    if kind == 'multihash':
        index = faiss.IndexBinaryMultiHash(bits, max(4, bits // 16), 16)
        index.nflip = 1
        return index
    index = faiss.IndexBinaryHNSW(bits, 16)
    index.hnsw.efConstruction = 40
    return index


def answer(ask):
    global codes, queries
    if ask['op'] == 'versions':
        return {'faiss': faiss.__version__, **({'pynear': pynear.__version__} if pynear else {}), 'numpy': np.__version__, 'python': sys.version.split()[0]}
    if ask['op'] == 'codes':
        indexes.clear()
        codes = np.fromfile(ask['codes'], np.uint8).reshape(-1, ask['bits'] // 8)
        queries = np.fromfile(ask['queries'], np.uint8).reshape(-1, ask['bits'] // 8)
        return {'codes': len(codes)}
    if ask['op'] == 'build' and ask['index'] == 'pynear':
        before, began = rss(), time.perf_counter()
        indexes['pynear'] = pynear.MIHBinaryIndex(max(4, codes.shape[1] // 2))
        indexes['pynear'].set(codes)
        return {'seconds': time.perf_counter() - began, 'bytes': rss() - before}
    if ask['op'] == 'build':
        before, began = rss(), time.perf_counter()
        index = indexes[ask['index']] = make(ask['index'], codes.shape[1] * 8)
        faiss.omp_set_num_threads(2 if ask['index'] == 'hnsw' else 1)
        index.add(codes)
        faiss.omp_set_num_threads(1)
        return {'seconds': time.perf_counter() - began, 'bytes': rss() - before}
    if ask['op'] == 'read':
        indexes[ask['index']] = faiss.read_index_binary(ask['file'])
        return {'codes': indexes[ask['index']].ntotal}
    if ask['op'] == 'write':
        faiss.write_index_binary(indexes[ask['index']], ask['file'])
        with_ids = faiss.IndexBinaryIDMap(faiss.IndexBinaryFlat(codes.shape[1] * 8))
        with_ids.add_with_ids(codes, np.arange(len(codes)) * 7)
        faiss.write_index_binary(with_ids, ask['file'] + '.with-ids')
        return {}
    index = indexes[ask['index']]
    if 'efSearch' in ask:
        index.hnsw.efSearch = ask['efSearch']
    asked = queries[:ask['queries']]
    if ask['index'] == 'pynear':
        began = time.process_time()
        _, distances = index.searchKNN(asked, ask['k'])
        took = time.process_time() - began
        return {'msPerQuery': took * 1e3 / len(asked), 'distances': [sorted(int(d) for d in of) for of in distances]}
    began = time.process_time()
    if 'radius' in ask:
        # FAISS finds what is nearer than the radius, we what is as near.
        limits, distances, _ = index.range_search(asked, ask['radius'] + 1)
        found = [sorted(distances[limits[i]:limits[i + 1]].astype(int).tolist()) for i in range(len(asked))]
    else:
        distances, _ = index.search(asked, ask['k'])
        found = distances.tolist()
    took = time.process_time() - began
    return {'msPerQuery': took * 1e3 / len(asked), 'distances': found if ask['distances'] else None}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
