const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** MurmurHash2 of 32 bits as Kafka's Java client has it; a signed number. */
export function murmur2 (bytes: Uint8Array): number {
  let hash = SEED ^ bytes.length
  const whole = bytes.length & ~3
  for (let at = 0; at < whole; at += 4) {
    let four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    four = Math.imul(four, M)
    four ^= four >>> R
    hash = Math.imul(hash, M) ^ Math.imul(four, M)
  }
  if (bytes.length > whole) {
    for (let at = bytes.length - 1; at >= whole; at--) hash ^= bytes[at]! << (8 * (at - whole))
    hash = Math.imul(hash, M)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ (hash >>> 15)
}

/** The partition that a key goes to, as Kafka's Java client and kafkajs choose it. */
export function partitionOfKey (key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}
