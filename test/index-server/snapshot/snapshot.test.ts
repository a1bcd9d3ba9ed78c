import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { HammingbirdClient } from '../../../client/index.js'
import { drawnPictures } from '../../../dev/pictures.js'
import { codeOf } from '../../../errors.js'
import { restoreSnapshot } from '../../../index-server/snapshot/restore-snapshot.js'
import { verifySnapshot } from '../../../index-server/snapshot/verify-snapshot.js'
import { EmbeddedLog } from '../../../log/embedded-log.js'
import { openAllInOne, scratch, until } from '../../fixtures/all-in-one.js'

async function everything (client: HammingbirdClient): Promise<unknown> {
  const items = []
  for await (const { id, labels, metadata, sha256, codes } of client.exportItems()) items.push({ id, labels, metadata, sha256: sha256.toString('hex'), codes: Object.fromEntries(Object.entries(codes).map(([version, { code }]) => [version, code.toString('hex')])) })
  return items
}

async function bytes (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

test('snapshot: taken while images come, restored elsewhere it is the same collection, and nothing is encoded twice', async t => {
  const directory = await scratch(t)
  const { client, close } = await openAllInOne(t, join(directory, 'a'))
  const pictures: Buffer[] = []
  for await (const picture of drawnPictures()) if (pictures.push(picture.bytes) === 30) break
  const publish = async (from: number, to: number): Promise<void> => {
    for await (const { refusal } of client.publish(pictures.slice(from, to).map((image, i) => ({ id: `image-${from + i}`, image, labels: [`n-${(from + i) % 3}`], metadata: { n: String(from + i) } })))) t.is(refusal, undefined)
  }
  await publish(0, 20)
  await until(async () => (await client.status()).versions[0]?.coded === 20)
  await client.setLabels('image-3', ['by hand'])
  await client.deleteItems(['image-4'])
  await until(async () => (await client.status()).liveItems === 19)
  const before = await everything(client)
  const file = join(directory, 'snapshot')
  await publish(20, 25)
  const [archive] = await Promise.all([bytes(client.snapshot()), publish(25, 30)])
  writeFileSync(file, archive)
  const hits = async (from: HammingbirdClient): Promise<unknown> => (await from.search({ id: 'image-7', k: 100 })).hits.filter(({ id }) => Number(id.slice(6)) < 20).map(({ id, distance }) => [id, distance])
  const found = await hits(client)
  await close()

  const { manifest } = await verifySnapshot(createReadStream(file))
  t.true(manifest.parts.find(({ part }) => part === 'codes.v0')!.records >= 20)

  // Cut short, changed in any byte, or with more behind it: refused, and nothing is written.
  await using empty = await EmbeddedLog.open({ directory: join(directory, 'empty') })
  const whole = readFileSync(file)
  const flipped = (at: number): Buffer => Buffer.from(whole.map((byte, i) => i === at ? byte ^ 1 : byte))
  for (const wrong of [whole.subarray(0, -1), whole.subarray(0, whole.length >> 1), Buffer.alloc(0), Buffer.concat([whole, whole]), Buffer.from('no snapshot at all'), ...[3, whole.length >> 1, whole.length - 5].map(flipped)]) {
    const err = await t.throwsAsync(restoreSnapshot({ log: empty, reader: 'restore', archive: async function * () { yield wrong } }))
    t.is(codeOf(err), 'HAMMINGBIRD_FORMAT')
  }
  t.deepEqual((await empty.listTopics()), [])

  const data = join(directory, 'b', 'data')
  {
    await using log = await EmbeddedLog.open({ directory: join(data, 'log') })
    const options = { log, reader: 'restore', archive: () => createReadStream(file, { highWaterMark: 1000 }) }
    const told: string[] = []
    await restoreSnapshot({ ...options, restored: part => { told.push(part) } })
    t.true(told.includes('items') && told.includes('codes.v0'))
    t.is(codeOf(await t.throwsAsync(restoreSnapshot(options))), 'HAMMINGBIRD_ALREADY_EXISTS')
    // What had a code is not encoded again.
    const [end] = await log.ends('default.items')
    t.true((await log.committed('default.encode.v0', 'default.items'))[0]! >= end! - manifest.parts.find(({ part }) => part === 'items')!.records + 20)
  }
  const again = await openAllInOne(t, join(directory, 'b'))
  await until(async () => {
    const { liveItems, versions: [v0] } = await again.client.status()
    return liveItems >= 24 && v0?.coded === liveItems
  })
  const after = (await everything(again.client)) as { readonly id: string }[]
  t.deepEqual([20, 21, 22, 23, 24].filter(n => !after.some(({ id }) => id === `image-${n}`)), [], 'acknowledged before the snapshot')
  t.deepEqual(after.filter(({ id }) => Number(id.slice(6)) < 20), before as typeof after)
  t.deepEqual(await hits(again.client), found)
})
