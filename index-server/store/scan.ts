import { chunkAt } from '../../hamming/chunks.js'
import { hammingDistance } from '../../hamming/distance.js'
import { prefixRange } from '../../kv/key-value.js'
import { isVisible, offer, type DiskSearch } from './disk-search.js'
import { FAMILIES, prefixOf } from './keys/families.js'
import { encodePageKey, pageOfKey } from './keys/page-rows.js'
import { popcount } from './popcount.js'
import { metBy, type Step } from './probe.js'

/** Bytes of pages read at a time. */
const RUN_BYTES = 256 * 1024

/**
 * Compares every code of the snapshot, page by page, then those behind the last full page.
 *
 * @param last the last step of the probing that went before: what it has met is skipped.
 */
export async function scan (search: DiskSearch, last: Step | undefined): Promise<void> {
  const { tables, snapshot } = search
  const { kv, shape: { number, pageCodes } } = tables
  const query = last ? tables.chunksOf(search.code) : []
  const compare = comparer(search, (ordinal, bytes, from, distance) => {
    if (!isVisible(search, ordinal)) return
    if (last && metBy(last, query, table => chunkAt(bytes.subarray(from, from + tables.codeBytes), tables.chunking, table))) return
    offer(search, distance, ordinal, bytes, from)
  })
  // Both taken now, in one go: pages that fill up from here on hold nothing of the snapshot that this tail has not.
  const { tail, fullPages } = tables
  const full = Math.min(fullPages, Math.ceil(snapshot.next / pageCodes))
  if (full > 0) {
    const range = { ...prefixRange(prefixOf(FAMILIES.codePage, number)), lt: encodePageKey('codePage', number, full) }
    for await (const run of kv.iterate(range, { runLength: Math.max(1, Math.floor(RUN_BYTES / (pageCodes * tables.codeBytes))) })) {
      for (const { key, value } of run) {
        const first = pageOfKey(key) * pageCodes
        compare(value, first, Math.min(pageCodes, snapshot.next - first))
        await search.breathe()
      }
    }
  }
  const first = fullPages * pageCodes
  if (snapshot.next > first) compare(tail.codes, first, snapshot.next - first)
}

type Near = (ordinal: number, bytes: Uint8Array, from: number, distance: number) => void

/** Compares `count` codes that lie one after the other in `bytes`, and hands on those within the limit. */
function comparer (search: DiskSearch, near: Near): (bytes: Buffer, first: number, count: number) => void {
  return search.code.length % 4 === 0 ? byWords(search, near) : byBytes(search, near)
}

function byWords (search: DiskSearch, near: Near): ReturnType<typeof comparer> {
  const { nearest, tables: { codeBytes, shape } } = search
  const width = codeBytes / 4
  const query = new Uint32Array(Uint8Array.from(search.code).buffer)
  // What the disk gives may begin anywhere; words are read where they are aligned.
  const words = new Uint32Array(shape.pageCodes * width)
  const aligned = new Uint8Array(words.buffer)
  return (bytes, first, count) => {
    aligned.set(bytes.subarray(0, count * codeBytes))
    search.candidates += count
    for (let i = 0, at = 0; i < count; i++, at += width) {
      let distance = 0
      for (let word = 0; word < width; word++) distance += popcount(words[at + word]! ^ query[word]!)
      if (distance <= nearest.limit) near(first + i, bytes, i * codeBytes, distance)
    }
  }
}

function byBytes (search: DiskSearch, near: Near): ReturnType<typeof comparer> {
  const { nearest, code, tables: { codeBytes } } = search
  return (bytes, first, count) => {
    search.candidates += count
    for (let i = 0, from = 0; i < count; i++, from += codeBytes) {
      const distance = hammingDistance(bytes.subarray(from, from + codeBytes), code)
      if (distance <= nearest.limit) near(first + i, bytes, from, distance)
    }
  }
}
