import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { StoreChange, StoredItem } from '../../../index-server/store/collection-store.js'
import type { KeyValue } from '../../../kv/key-value.js'
import { StoreDirectory } from '../../../index-server/store/store-directory.js'
import type { StoredCollection } from '../../../index-server/store/stored-collection.js'
import { BITS, VERSIONS, codeOf, histories, tidyHistories } from '../../fixtures/collection-history.js'
import { JoinOracle } from '../../fixtures/join-oracle.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'
import { temporaryRocks } from '../../fixtures/rocks-directory.js'

/** One thing that happens while a history is applied. */
const steps = fc.array(fc.oneof(
  { weight: 8, arbitrary: fc.record({ step: fc.constant('apply' as const), lanes: fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('replay' as const), lane: fc.nat(7), back: fc.integer({ min: 1, max: 12 }), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.constant({ step: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constant({ step: 'disk-full' as const }) }
), { maxLength: 40, size: '+1' })

for (const [kind, open, numRuns] of [['memory', openMemory, 80], ['RocksDB', temporaryRocks, 4]] as const) {
  test(`stored collection, ${kind}: any interleaving of topics, with replays, failed writes and re-opens, is the plain loop`, async t => {
    await fc.assert(fc.asyncProperty(histories, steps, async (history, steps) => {
      await using place = await open()
      const { kv } = place
      const oracle = new JoinOracle()
      let directory = await openDirectory(kv)
      let collection = await openCollection(directory)
      const lanes = [...history.keys()]
      const done = new Map(lanes.map(name => [name, 0]))
      const apply = async (name: string, count: number): Promise<void> => {
        const from = done.get(name)!
        const changes = history.get(name)!.slice(from, from + count)
        done.set(name, from + changes.length)
        await applyRun(collection, name, changes, from + changes.length)
        oracle.apply(changes)
      }
      for (const step of lanes.length === 0 ? [] : steps) {
        if (step.step === 'apply') {
          // Topics are applied side by side; of one partition one run at a time.
          const chosen = new Map(step.lanes.map(([lane, count]) => [lanes[lane % lanes.length]!, count]))
          await Promise.all(Array.from(chosen, ([name, count]) => apply(name, count)))
          await compare(t, collection, oracle)
        } else if (step.step === 'replay') {
          const name = lanes[step.lane % lanes.length]!
          const end = done.get(name)!
          const from = Math.max(0, end - step.back)
          // What was applied before changes nothing, alone or together with what is new.
          const changes = history.get(name)!.slice(from, from + step.count)
          const fresh = Math.max(0, from + changes.length - end)
          await applyRun(collection, name, changes, from + changes.length)
          oracle.apply(changes.slice(changes.length - fresh))
          done.set(name, end + fresh)
          await compare(t, collection, oracle)
        } else if (step.step === 'reopen') {
          await directory.close()
          directory = await openDirectory(kv)
          collection = await openCollection(directory)
          await compare(t, collection, oracle)
        } else if (kv instanceof MemoryKeyValue) {
          kv.failures = 1
          const name = lanes[0]!
          await t.throwsAsync(applyRun(collection, name, history.get(name)!.slice(done.get(name)), done.get(name)! + 1000))
          kv.failures = 0
          await compare(t, collection, oracle)
        }
      }
      await Promise.all(lanes.map(name => apply(name, Infinity)))
      await compare(t, collection, oracle)
      await directory.close()
      directory = await openDirectory(kv)
      await compare(t, await openCollection(directory), oracle)
      await directory.close()
    }), { numRuns })
  })
}

test('stored collection: after an absence a sweep of what compaction left is the plain loop over everything', async t => {
  await fc.assert(fc.asyncProperty(tidyHistories, fc.array(fc.nat(100), { minLength: 8, maxLength: 8 }), fc.boolean(), async (history, shares, reopen) => {
    const kv = new MemoryKeyValue()
    let directory = await openDirectory(kv)
    let collection = await openCollection(directory)
    const lanes = [...history.keys()]
    for (const [i, name] of lanes.entries()) {
      const changes = history.get(name)!
      const count = Math.floor(changes.length * shares[i]! / 100)
      await applyRun(collection, name, changes.slice(0, count), count)
    }
    if (reopen && lanes.length > 0) {
      // A sweep cut short leaves nothing behind: it is begun anew.
      const [topic, partition] = partsOf(lanes[0]!)
      const before = (await collection.positions(topic)).get(partition)
      await collection.beginSweep(topic, partition)
      await applyRun(collection, lanes[0]!, history.get(lanes[0]!)!, 1000)
      t.deepEqual((await collection.positions(topic)).get(partition), before, 'a position stands still while its partition is swept')
      await directory.close()
      directory = await openDirectory(kv)
      collection = await openCollection(directory)
      t.deepEqual((await collection.positions(topic)).get(partition), before)
    }
    const oracle = new JoinOracle()
    for (const name of lanes) {
      const [topic, partition] = partsOf(name)
      await collection.beginSweep(topic, partition)
      const left = compacted(history.get(name)!)
      for (let from = 0; from < left.length || from === 0; from += 3) await applyRun(collection, name, left.slice(from, from + 3), history.get(name)!.length)
      await collection.endSweep(topic, partition)
      oracle.apply(history.get(name)!)
      t.is((await collection.positions(topic)).get(partition)?.next, history.get(name)!.length)
    }
    await compare(t, collection, oracle)
    await directory.close()
  }), { numRuns: 80 })
})

async function openMemory (): Promise<{ readonly kv: KeyValue } & AsyncDisposable> {
  const kv = new MemoryKeyValue()
  return { kv, [Symbol.asyncDispose]: () => kv.close() }
}

async function openDirectory (kv: KeyValue): Promise<StoreDirectory> {
  return StoreDirectory.open(kv, { pageCodes: 8 })
}

async function openCollection (directory: StoreDirectory): Promise<StoredCollection> {
  const collection = await directory.collection('c')
  for (const version of VERSIONS) await collection.addVersion(version, BITS[version]!)
  return collection
}

function partsOf (name: string): [string, number] {
  const at = name.lastIndexOf('/')
  return [name.slice(0, at), Number(name.slice(at + 1))]
}

function applyRun (collection: StoredCollection, name: string, changes: readonly StoreChange[], next: number): Promise<void> {
  const [topic, partition] = partsOf(name)
  return collection.apply(changes, { topic, partition, next, atMs: 1000 + next })
}

/** The newest record of each id, and no tombstones: all that a log may still have after a long time. */
function compacted (changes: readonly StoreChange[]): StoreChange[] {
  const newest = new Map(changes.map(change => [change.kind === 'progress' ? 'progress' : 'id' in change ? change.id : '', change]))
  return changes.filter(change => [...newest.values()].includes(change) && change.kind !== 'item-gone' && change.kind !== 'code-gone' && !(change.kind === 'labels' && change.labels === null))
}

async function compare (t: ExecutionContext, collection: StoredCollection, oracle: JoinOracle): Promise<void> {
  for (const id of oracle.ids()) {
    t.deepEqual(shown(await collection.item(id)), oracle.item(id, VERSIONS), id)
    const picture = await collection.picture(id)
    t.deepEqual(picture && Uint8Array.from(picture), oracle.picture(id) && Uint8Array.from(oracle.picture(id)!), id)
  }
  const listed: string[] = []
  for await (const run of collection.items()) listed.push(...run.map(({ id }) => id))
  t.deepEqual(listed, oracle.ids().filter(id => oracle.item(id, VERSIONS)))
  for (const label of ['cat', 'dog', 'bird']) {
    const ids: string[] = []
    for await (const run of collection.labelled(label)) ids.push(...run)
    t.deepEqual(ids, oracle.ids().filter(id => oracle.item(id, VERSIONS)?.labels.includes(label)))
  }
  for (const version of VERSIONS) {
    t.deepEqual(await viewed(collection, version), oracle.ids().flatMap(id => {
      const item = oracle.item(id, VERSIONS)
      return item?.codes[version] && 'code' in item.codes[version] ? [[item.labels, item.uri]] : []
    }))
    for (const label of ['cat', 'dog', 'bird']) {
      const having = await collection.labelledOrdinals(version, { any: [label], all: [] }, 1e6, undefined)
      for await (const run of collection.views(version)) {
        for (const { labels, ordinal } of run) if (labels.includes(label) && !having!.has(ordinal)) t.fail(`${label}: ordinal ${ordinal} is missing`)
      }
    }
    t.deepEqual(collection.counts(version), oracle.counts(version))
    t.is(collection.codes(version).count, oracle.counts(version).coded)
    for (const plan of ['probe', 'scan'] as const) {
      const query = codeOf(version, 3)
      const { groups } = await collection.codes(version).search({ code: query, radius: 9, plan })
      const found = groups.flatMap(({ distance, ordinals }) => Array.from(ordinals, ordinal => ({ ordinal, distance })))
      const items = await collection.itemsOf(version, found.map(({ ordinal }) => ordinal))
      const positions = await collection.positionsOf(version, found.map(({ ordinal }) => ordinal))
      const details = await collection.detailsOf(version, found.map(({ ordinal }) => ordinal))
      for (const [i, item] of items.entries()) {
        const code = item!.codes.get(version)!
        t.true('ordinal' in code && code.ordinal === found[i]!.ordinal && code.itemOffset === positions.offsets[i] && item!.partition === positions.partitions[i])
        t.deepEqual(details[i], 'ordinal' in code ? code.detail : undefined)
      }
      const named = found.map(({ distance }, i) => ({ id: items[i]!.id, distance })).sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
      t.deepEqual(named, oracle.within(version, query, 9))
    }
  }
}

/** What filters see, in order of id. The uri of these histories says the time of capture and the metadata too. */
async function viewed (collection: StoredCollection, version: string): Promise<unknown[]> {
  const found = []
  for await (const run of collection.views(version)) {
    for (const { labels, metadata, capturedAtMs, ordinal } of run) {
      const at = Number(metadata['at'])
      if (capturedAtMs !== (at % 2 === 0 ? undefined : -at * 1000) || [...collection.removedSince(version, 0)].includes(ordinal)) throw new Error(`item ${at} is not seen as it is`)
      found.push([labels, `file:${at}`])
    }
  }
  return found
}

/** What the oracle knows of an item. */
function shown (item: StoredItem | undefined): unknown {
  if (!item) return undefined
  const codes = Array.from(item.codes, ([version, code]) => [version, 'refused' in code ? code : { code: Uint8Array.from(code.code), detail: code.detail && Uint8Array.from(code.detail), itemOffset: code.itemOffset, stale: code.stale }])
  return { labels: item.labels, offset: item.offset, uri: item.uri, codes: Object.fromEntries(codes) }
}

test('stored collection: a row that is staged to go is gone for the run behind it, while the disk has it still', async t => {
  const memory = new MemoryKeyValue()
  const kv = new Proxy<KeyValue>(memory, {
    get (target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (name === 'write') return async (...args: Parameters<KeyValue['write']>) => {
        await args[1]?.after
        for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve)) // what is looked up meanwhile is the former state
        return target.write(args[0])
      }
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
  await using directory = await openDirectory(kv)
  const collection = await openCollection(directory)
  const labels = (next: number) => ({ topic: `c.labels`, partition: 0, next, atMs: 1 })
  const item = { labels: ['its own'], metadata: {}, uri: '', capturedAtMs: undefined, sha256: Buffer.alloc(32), source: { partition: 0, offset: 0 }, publishedAtMs: 1, width: 1, height: 1, format: 'jpeg' }
  await collection.apply([{ kind: 'labels', id: 'a', labels: ['given'] }], labels(1))
  const gone = collection.apply([{ kind: 'labels', id: 'a', labels: null }], labels(2))
  await collection.apply([{ kind: 'item', id: 'a', partition: 0, offset: 0, item, picture: undefined }], { topic: `c.items`, partition: 0, next: 1, atMs: 1 })
  await gone
  t.deepEqual((await collection.item('a'))?.labels, ['its own'])
})
