"""Publishes images to Kafka with librdkafka, set as in the Python rival: publish.py BOOTSTRAP TOPIC PREFIX COUNT RATE FILE

FILE holds the images, each behind its length (4 bytes, little endian); over and over when there are fewer than COUNT. RATE: images a second, 0 for as
fast as it goes. Says "ready" when all is read, waits for a line, and says "done" when all is acknowledged.
"""
import struct
import sys
import time

from confluent_kafka import Producer

bootstrap, topic, prefix, count, rate, path = sys.argv[1:]
count, rate = int(count), float(rate)
images, at = [], 0
with open(path, 'rb') as file:
    data = file.read()
while at < len(data):
    (length,) = struct.unpack_from('<I', data, at)
    images.append(data[at + 4:at + 4 + length])
    at += 4 + length

failed = []
producer = Producer({'bootstrap.servers': bootstrap, 'log_level': 0, 'linger.ms': 5, 'acks': 'all', 'queue.buffering.max.messages': 200000})
producer.list_topics(topic, 10)
print('ready', flush=True)
sys.stdin.readline()
start = time.monotonic()
for i in range(count):
    if rate > 0 and (ahead := start + i / rate - time.monotonic()) > 0:
        time.sleep(ahead)
    producer.produce(topic, key=f'{prefix}{i}', value=images[i % len(images)], on_delivery=lambda error, _: failed.append(error) if error else None)
    producer.poll(0)
left = producer.flush(120)
if left or failed:
    sys.exit(f'{left} images were not acknowledged, {len(failed)} failed: {failed[:1]}')
print('done', flush=True)
