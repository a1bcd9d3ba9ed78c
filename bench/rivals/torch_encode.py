"""The networks of bench/encode.ts in PyTorch, for the ratio: batch norms folded, channels last, inference mode.

Reads lines of JSON, {"network": ..., "batch": ..., "rounds": ...}; answers with what each round took, and its own
processor time, which counts all threads.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

ACTIVATIONS = {None: nn.Identity, 'relu': lambda: nn.ReLU(True), 'relu6': lambda: nn.ReLU6(True)}


def conv(i, o, size, stride, activation=None, groups=1):
    return nn.Sequential(nn.Conv2d(i, o, size, stride, size // 2, groups=groups), ACTIVATIONS[activation]())


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.inner, self.outer, self.stride, self.more = conv(i, o, 3, stride, 'relu'), conv(o, o, 3, 1), stride, o - i

    def forward(self, x):
        y = self.outer(self.inner(x))
        if self.stride == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu_(y + x)


class Inverted(nn.Module):
    def __init__(self, i, o, stride, wider):
        super().__init__()
        first = [conv(i, i * wider, 1, 1, 'relu6')] if wider > 1 else []
        self.body = nn.Sequential(*first, conv(i * wider, i * wider, 3, stride, 'relu6', i * wider), conv(i * wider, o, 1, 1))
        self.keeps = stride == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.keeps else self.body(x)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def resnet20():
    layers, i = [conv(3, 16, 3, 1, 'relu')], 16
    for group, o in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(Residual(i, o, 2 if group and block == 0 else 1))
            i = o
    return nn.Sequential(*layers, Mean(), nn.Linear(64, 64))


def mobilenet_v2():
    layers, i = [conv(3, 32, 3, 2, 'relu6')], 32
    for wider, o, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            layers.append(Inverted(i, o, stride if block == 0 else 1, wider))
            i = o
    return nn.Sequential(*layers, conv(320, 1280, 1, 1, 'relu6'), Mean(), nn.Linear(1280, 64))


def vgg16():
    layers, i = [], 3
    for o, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            layers.append(conv(i, o, 3, 1, 'relu'))
            i = o
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(True), nn.Linear(4096, 4096), nn.ReLU(True), nn.Linear(4096, 64))


NETWORKS = {'resnet20': (resnet20, 32), 'mobilenet-v2': (mobilenet_v2, 224), 'vgg16': (vgg16, 224)}
made = {}


def run(network, batch):
    if network not in made:
        made.clear()
        build, side = NETWORKS[network]
        made[network] = (build().eval().to(memory_format=torch.channels_last), side)
    net, side = made[network]
    pixels = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8)  # as they come from a decoder
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.inference_mode():
        for _ in range(2):
            net(pixels.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std))
        began, cpu = time.perf_counter(), time.process_time()
        y = net(pixels.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std))  # a permuted [n, h, w, c] is channels last
        (y > 0).numpy()
        return (time.perf_counter() - began) * 1e3, (time.process_time() - cpu) * 1e3


for line in sys.stdin:
    ask = json.loads(line)
    if ask['network'] is None:
        answer = {'torch': torch.__version__, 'threads': torch.get_num_threads()}
    else:
        ms, cpu = run(ask['network'], ask['batch'])
        answer = {'ms': ms, 'cpuMs': cpu}
    print(json.dumps(answer), flush=True)
