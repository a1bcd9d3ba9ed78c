"""Writes the small files of fixtures/ that must be as other programs write them, for the datasets' tests.

    python3 -m venv venv && venv/bin/pip install numpy scipy && venv/bin/python test/trainer/datasets/formats.py

- svhn_*.mat: by scipy, MATLAB level 5, compressed as SVHN's own files are, and not.
- cifar_batch_py2: opcode by opcode as the cPickle of Python 2 wrote data_batch_1 (protocol 2, byte strings, labels in
  batches of 1,000); Python's own reader confirms it. cifar_batch_py3: the same dict, pickled by Python 3.
The values are those of a formula, which the tests repeat: pixel j of picture i is (i * 131 + j * 7 + j // 1024 * 50) % 256.
"""
import pathlib
import pickle
import struct

import numpy as np
from scipy.io import savemat

N = 3
folder = pathlib.Path(__file__).with_name('fixtures')
folder.mkdir(exist_ok=True)

planes = np.array([[(i * 131 + j * 7 + j // 1024 * 50) % 256 for j in range(3072)] for i in range(N)], dtype=np.uint8)
labels = [9, 0, 3]

# [n, channel, y, x] -> SVHN's [y, x, channel, n]
X = planes.reshape(N, 3, 32, 32).transpose(2, 3, 1, 0)
y = np.array([[label if label else 10] for label in labels])
savemat(folder / 'svhn_compressed.mat', {'X': X, 'y': y.astype(np.uint8)}, do_compression=True)
savemat(folder / 'svhn_plain.mat', {'X': X, 'y': y.astype(np.float64), 'note': 'text is passed over'}, do_compression=False)


class Cpickle:
    """The opcodes cPickle of Python 2 chose."""

    def __init__(self):
        self.out, self.memo = b'\x80\x02', 0

    def raw(self, data):
        self.out += data
        return self

    def put(self):
        self.memo += 1
        return self.raw(b'q' + bytes([self.memo]))

    def string(self, data):
        return self.raw((b'U' + bytes([len(data)]) if len(data) < 256 else b'T' + struct.pack('<i', len(data))) + data).put()

    def integer(self, value):
        return self.raw(b'K' + bytes([value]) if value < 256 else b'M' + struct.pack('<H', value))

    def name(self, module, name):
        return self.raw(b'c' + module + b'\n' + name + b'\n').put()


def py2():
    p = Cpickle()
    p.raw(b'}').put().raw(b'(')
    p.string(b'batch_label').string(b'training batch 1 of 5')
    p.string(b'labels').raw(b']').put().raw(b'(')
    for label in labels:
        p.integer(label)
    p.raw(b'e')
    p.string(b'data').name(b'numpy.core.multiarray', b'_reconstruct').name(b'numpy', b'ndarray')
    p.integer(0).raw(b'\x85').put().string(b'b').raw(b'\x87').put().raw(b'R').put()
    p.raw(b'(').integer(1).integer(N).integer(3072).raw(b'\x86').put()
    p.name(b'numpy', b'dtype').string(b'u1').integer(0).integer(1).raw(b'\x87').put().raw(b'R').put()
    p.raw(b'(').integer(3).string(b'|').raw(b'NNN').raw(b'J\xff\xff\xff\xff' * 2).integer(0).raw(b't').put().raw(b'b')
    p.raw(b'\x89').string(planes.tobytes()).raw(b't').put().raw(b'b')
    p.string(b'filenames').raw(b']').put().raw(b'(')
    for i in range(N):
        p.string(b'picture_%d.png' % i)
    p.raw(b'eu.')
    return p.out


written = py2()
back = pickle.loads(written, encoding='bytes')
assert back[b'labels'] == labels and (back[b'data'] == planes).all() and back[b'filenames'][2] == b'picture_2.png'
(folder / 'cifar_batch_py2').write_bytes(written)
(folder / 'cifar_batch_py3').write_bytes(pickle.dumps({'labels': labels, 'data': planes, 'filenames': ['a', 'b', 'c'], 'batch_label': 'x'}))
(folder / 'evil.pickle').write_bytes(b"\x80\x02cos\nsystem\nU\x04true\x85R.")
