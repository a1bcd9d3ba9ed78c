"""A search server as a Python engineer builds one: FAISS IndexBinaryFlat, ids and labels in lists, grpcio with a pool of eight threads.

One thread a query: FAISS cannot split one, and concurrent queries use the cores. Arguments: the codes' file, the bits, the proto's
folder. Prints its port when it answers.
"""
import sys
from concurrent import futures

import faiss
import grpc
import numpy as np

codes, bits, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, folder)
pb, rpc = grpc.protos_and_services('search_server.proto')

sys.setswitchinterval(0.0005)  # a tenth of the default: no thread waits long for the interpreter
faiss.omp_set_num_threads(1)
index = faiss.IndexBinaryFlat(bits)
index.add(np.fromfile(codes, np.uint8).reshape(-1, bits // 8))
ids = [f'photos/2026/{i}.jpg' for i in range(index.ntotal)]
labels = ['cat,indoor'] * index.ntotal


class Service(rpc.RivalServicer):
    def Search(self, request, context):
        query = np.frombuffer(request.code, np.uint8)[None]
        distances, numbers = index.search(query, request.k)
        return pb.SearchReply(hits=[pb.Hit(id=ids[n], distance=d, labels=labels[n]) for n, d in zip(numbers[0].tolist(), distances[0].tolist())])


server = grpc.server(futures.ThreadPoolExecutor(8))
rpc.add_RivalServicer_to_server(Service(), server)
print(server.add_insecure_port('127.0.0.1:0'), flush=True)
server.start()
sys.stdin.read()
