import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { CanonicalPicture, Decoder, DecodingRefusal } from '../../decoder/decoder.js'
import type { Encoder } from '../../encoder/encoder.js'
import { HammingbirdError } from '../../errors.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import type { Log, LogRecord, NewRecord } from '../../log/log.js'
import { encode } from '../../pipeline/encode.js'
import { ingest } from '../../pipeline/ingest.js'
import { Stage } from '../../pipeline/stage.js'
import { CodeRecord, ItemRecord } from '../../proto/gen/hammingbird/v1/log.js'
import type { Manifest } from '../../registry/manifest.js'
import { givenCodesMessage } from '../../topics/given-codes.js'
import { idOfBytes } from '../../topics/image-id.js'
import { codesSpec, collectionSpecs, topicsOf } from '../../topics/names.js'
import { isProgress, readProgress } from '../../topics/progress.js'
import { readSetAside } from '../../topics/set-aside.js'

const config = { name: 'c', bits: 16, partitions: 3, imageBytes: 20, imagePixels: 100, createdAtMs: 1 }
const topics = topicsOf('c')
const manifest: Manifest = {
  manifest: 1, version: 'v0', bits: 16, network: 'classical', settings: {}, input: { width: 1, height: 1, fit: 'squash' },
  normalisation: { channels: 'rgb', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] }, detail: 0, files: [], createdMs: 0, provenance: {}
}

/** Pictures here are words: what begins with `!` is no image, what begins with `?` cannot be encoded. */
const decoder: Pick<Decoder, 'canonical' | 'pixels'> = {
  canonical: async images => images.map((image): CanonicalPicture | DecodingRefusal => {
    const word = Buffer.from(image).toString()
    if (word.startsWith('!')) return { refused: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no word' }
    return { bytes: Buffer.from(word), width: 1, height: 1, format: 'word', originalWidth: word.length, originalHeight: word.length }
  }),
  pixels: async pictures => pictures.map(picture => Uint8Array.from([picture[0]!, picture.length, 0]))
}
const encoder: Pick<Encoder, 'encode'> = {
  encode: async ({ pixels, count }) => Array.from({ length: count }, (_, i) => pixels[i * 3] === 0x3f
    ? { refused: 'HAMMINGBIRD_IMAGE_KILLS' as const, message: 'a question' }
    : { code: pixels.slice(i * 3, i * 3 + 2) })
}
const limits = { inFlight: 8, inFlightBytes: 200, decodeBatch: 3, decodesAtOnce: 2, batch: 3, batchesAtOnce: 2 }

async function withLog (run: (log: Log, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-graphs-'))
  const log = await EmbeddedLog.open({ directory })
  try {
    for (const spec of collectionSpecs('c', config)) await log.createTopic(spec)
    await log.createTopic(codesSpec('c', 'v0', config))
    await run(log, directory)
  } finally {
    await log.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** All that a topic holds, partition by partition. */
async function all (log: Log, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    await using reader = log.read({ topic, reader: 'test', from: new Map([[partition, 0]]) })
    for (let next = 0; next < end;) {
      const batch = await reader.poll()
      records.push(...batch.records)
      next = batch.next
    }
  }
  return records
}

function stages (log: Log, failed: (err: unknown) => void = () => undefined): { readonly ingest: Stage, readonly encode: Stage, close: () => Promise<void> } {
  const made = {
    ingest: new Stage({ name: 'ingest', log, group: topics.ingestGroup, topic: topics.images, failed, graph: (claim, drain) => ingest({ claim, decoder, collection: { config, topics }, limits, drain }) }),
    encode: new Stage({ name: 'encode', log, group: topics.encodeGroup('v0'), topic: topics.items, failed, graph: (claim, drain) => encode({ claim, decoder, encoder, manifest, model: 'c/v0', lane: () => 'live', topics, limits, drain }) })
  }
  return { ...made, close: async () => { await Promise.all([made.ingest.close(), made.encode.close()]) } }
}

/** Waits until every message of a topic is settled by a group. */
async function settled (log: Log, topic: string, group: string): Promise<void> {
  for (;;) {
    const [ends, committed] = await Promise.all([log.ends(topic), log.committed(group, topic)])
    if (ends.every((end, partition) => end === 0 || (committed[partition] ?? 0) >= end)) return
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const word = fc.stringMatching(/^[!?a-c]{1,6}$/)
const message = fc.record({
  id: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'bad\nid')),
  value: fc.option(fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: fc.constant('x'.repeat(21)) }, { weight: 1, arbitrary: fc.constant('y'.repeat(15)) }))
})

test('graphs: what comes of any messages is what a plain loop makes of them, over stops in between', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(message, { maxLength: 25 }), { minLength: 1, maxLength: 3 }), async runs => {
    await withLog(async log => {
      const positions: { readonly record: NewRecord, readonly offset: number, readonly partition: number }[] = []
      for (const run of runs) {
        const records = run.map(({ id, value }) => ({ topic: topics.images, key: id === null ? null : Buffer.from(id), value: value === null ? null : Buffer.from(value) }))
        const running = stages(log, err => { t.fail(String(err)) })
        for (const [i, { partition, offset }] of (await log.append(records)).entries()) positions.push({ record: records[i]!, partition, offset })
        if (run.length % 2 === 0) await settled(log, topics.images, topics.ingestGroup)
        await running.close() // with messages in flight, every other time
      }
      const running = stages(log, err => { t.fail(String(err)) })
      await settled(log, topics.images, topics.ingestGroup)
      await settled(log, topics.items, topics.encodeGroup('v0'))
      await running.close()

      // Items and tombstones, each id's in its order, and what was set aside.
      const expected = new Map<string, string[]>()
      const aside: string[] = []
      const bySource = [...positions].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
      for (const { record: { key, value } } of bySource) {
        const text = value?.toString()
        const id = key?.toString() ?? (text === undefined ? '' : idOfBytes(value!))
        if (id === '' || id.includes('\n')) aside.push('HAMMINGBIRD_IMAGE_ID')
        else if (text !== undefined && text.length > 20) aside.push('HAMMINGBIRD_IMAGE_TOO_LARGE')
        else if (text !== undefined && text.startsWith('!')) aside.push('HAMMINGBIRD_IMAGE_UNREADABLE')
        else if (text !== undefined && text.length > 10) aside.push('HAMMINGBIRD_IMAGE_TOO_LARGE')
        else expected.set(id, [...expected.get(id) ?? [], text ?? 'gone'])
      }
      const items = (await all(log, topics.items)).filter(({ key }) => !isProgress(key))
      const found = new Map<string, string[]>()
      for (const { key, value } of items) {
        const id = key!.toString()
        found.set(id, [...found.get(id) ?? [], value === null ? 'gone' : ItemRecord.decode(value).picture.toString()])
      }
      for (const [id, words] of expected) t.deepEqual(found.get(id)?.toSorted(), words.toSorted(), id)
      t.is(found.size, expected.size)

      // A code for each item in its place, or why not.
      const codes = (await all(log, topics.codes('v0'))).filter(({ key }) => !isProgress(key))
      t.is(codes.length, items.length)
      for (const item of items) {
        const code = codes.find(({ key, value, partition }) => partition === item.partition && key!.equals(item.key!) && (item.value === null ? value === null : value !== null && CodeRecord.decode(value).itemOffset === item.offset))
        t.truthy(code)
        if (item.value === null) continue
        const { picture } = ItemRecord.decode(item.value)
        const { outcome } = CodeRecord.decode(code!.value!)
        if (picture[0] === 0x3f) aside.push('HAMMINGBIRD_IMAGE_KILLS')
        t.deepEqual(outcome, picture[0] === 0x3f ? { $case: 'refused', value: 'HAMMINGBIRD_IMAGE_KILLS' } : { $case: 'code', value: Buffer.from([picture[0]!, picture.length]) })
      }
      t.deepEqual((await all(log, topics.setAside)).map(({ headers }) => readSetAside(headers).code).toSorted(), aside.toSorted())

      // Progress: every items partition, and every codes partition, says that all of C.images is settled.
      const ends = await log.ends(topics.images)
      for (const topic of [topics.items, topics.codes('v0')]) {
        const newest = new Map<string, number>()
        for (const { key, value, partition } of await all(log, topic)) {
          if (!isProgress(key)) continue
          const { sourcePartition, next } = readProgress(value!)
          newest.set(`${partition} of ${sourcePartition}`, next)
        }
        for (const [source, end] of ends.entries()) {
          if (end === 0) continue
          for (let partition = 0; partition < config.partitions; partition++) t.is(newest.get(`${partition} of ${source}`), end, `${topic} ${partition} of ${source}`)
        }
      }
    })
  }), { numRuns: 25 })
})

test('graphs: codes that come in place of an image are items without a picture, and the code of their version', async t => {
  await withLog(async log => {
    const v1 = new Stage({ name: 'encode v1', log, group: topics.encodeGroup('v1'), topic: topics.items, failed: err => { t.fail(String(err)) }, graph: (claim, drain) => encode({ claim, decoder, encoder, manifest: { ...manifest, version: 'v1' }, model: 'c/v1', lane: () => 'live', topics, limits, drain }) })
    await log.createTopic(codesSpec('c', 'v1', config))
    const { value, headers } = givenCodesMessage({ v0: Uint8Array.from([1, 2]), v7: Uint8Array.from([1, 2, 3]) })
    const records: NewRecord[] = [
      { topic: topics.images, key: Buffer.from('a'), value, headers: { ...headers, labels: Buffer.from('x') } },
      { topic: topics.images, key: Buffer.from('b'), value: Buffer.from('abc') },
      { topic: topics.images, key: Buffer.from('c'), value: Buffer.from('abc'), headers },
      { topic: topics.images, key: null, value, headers },
      { topic: topics.images, key: Buffer.from('d'), value: givenCodesMessage({ live: Uint8Array.from([1, 2]) }).value, headers }
    ]
    const running = stages(log, err => { t.fail(String(err)) })
    await log.append(records)
    await settled(log, topics.images, topics.ingestGroup)
    for (const version of ['v0', 'v1']) await settled(log, topics.items, topics.encodeGroup(version))
    await running.close()
    await v1.close()
    const item = (await all(log, topics.items)).find(({ key }) => key!.toString() === 'a')!
    t.like(ItemRecord.decode(item.value!), { labels: ['x'], metadata: {}, width: 0, canonical: 0 })
    const codes = async (version: string) => Object.fromEntries((await all(log, topics.codes(version))).filter(({ key }) => !isProgress(key)).map(({ key, value }) => [key!.toString(), CodeRecord.decode(value!).outcome!.value]))
    t.deepEqual(await codes('v0'), { a: Buffer.from([1, 2]), b: Buffer.from([0x61, 3]) })
    t.deepEqual(await codes('v1'), { a: 'HAMMINGBIRD_NO_PICTURE', b: Buffer.from([0x61, 3]) })
    t.deepEqual((await all(log, topics.setAside)).map(({ headers }) => readSetAside(headers).code).toSorted(), ['HAMMINGBIRD_IMAGE_ID', 'HAMMINGBIRD_INVALID', 'HAMMINGBIRD_INVALID'])
  })
})

test('stage: a failure is told, and the graph goes on from what was committed', async t => {
  await withLog(async log => {
    const told: unknown[] = []
    let broken = true
    const flaky: Pick<Decoder, 'canonical'> = {
      canonical: async images => {
        if (broken) throw new HammingbirdError('HAMMINGBIRD_WORKER_LOST', 'no worker can be started')
        return decoder.canonical(images)
      }
    }
    await using stage = new Stage({ name: 'ingest', log, group: topics.ingestGroup, topic: topics.images, failed: err => { told.push(err) }, graph: (claim, drain) => ingest({ claim, decoder: flaky, collection: { config, topics }, limits, drain }) })
    await log.append([{ topic: topics.images, key: Buffer.from('a'), value: Buffer.from('abc') }])
    while (told.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
    t.is(stage.settled, 0)
    broken = false
    await settled(log, topics.images, topics.ingestGroup)
    t.is((await all(log, topics.items)).filter(({ key }) => !isProgress(key)).length, 1)
    t.is(stage.stopped, undefined)
  })
})
