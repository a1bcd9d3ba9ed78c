"""The networks of bench/train-step.ts in PyTorch, for the ratio: channels last, one step of SGD with Nesterov's momentum.

Reads lines of JSON, {"network": ..., "batch": ...}; answers with what a step took, and its own processor time,
which counts all threads.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Norm(nn.Module):
    def __init__(self, i, o, pool):
        super().__init__()
        self.conv, self.norm, self.pool = nn.Conv2d(i, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), pool
        self.norm.weight.requires_grad = not pool

    def forward(self, x):
        x = self.conv(x)
        return F.relu(self.norm(F.max_pool2d(x, 2) if self.pool else x))


class Most(nn.Module):
    def forward(self, x):
        return x.amax((2, 3))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.a, self.b = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.na, self.nb, self.stride, self.more = nn.BatchNorm2d(o), nn.BatchNorm2d(o), stride, o - i

    def forward(self, x):
        y = self.nb(self.b(F.relu(self.na(self.a(x)))))
        if self.stride == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(y + x)


def small_cnn():
    stem = nn.Conv2d(3, 24, 2)
    stem.requires_grad_(False)
    layers, i = [stem, nn.ReLU()], 24
    for o in (64, 256, 256):
        layers += [Norm(i, o, True), Norm(o, o, False)]
        i = o
    return nn.Sequential(*layers, Most(), nn.Linear(256, 64), nn.Linear(64, 10))


def resnet20():
    layers, i = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for group, o in enumerate((16, 32, 64)):
        for block in range(3):
            layers.append(Residual(i, o, 2 if group and block == 0 else 1))
            i = o
    return nn.Sequential(*layers, Mean(), nn.Linear(64, 64), nn.Linear(64, 10))


NETWORKS = {'small-cnn': small_cnn, 'resnet20': resnet20}
made = {}


def run(network, batch):
    if network not in made:
        made.clear()
        net = NETWORKS[network]().to(memory_format=torch.channels_last)
        learns = [p for p in net.parameters() if p.requires_grad]
        made[network] = (net, torch.optim.SGD(learns, 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4))
    net, sgd = made[network]
    x = torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    y = torch.arange(batch) % 10
    began, cpu = time.perf_counter(), time.process_time()
    loss = F.cross_entropy(net(x), y)
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    loss.item()
    return (time.perf_counter() - began) * 1e3, (time.process_time() - cpu) * 1e3


for line in sys.stdin:
    ask = json.loads(line)
    if ask['network'] is None:
        answer = {'torch': torch.__version__, 'threads': torch.get_num_threads()}
    else:
        ms, cpu = run(ask['network'], ask['batch'])
        answer = {'ms': ms, 'cpuMs': cpu}
    print(json.dumps(answer), flush=True)
