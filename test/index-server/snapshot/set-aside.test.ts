import { join } from 'node:path'
import test from 'ava'
import { drawnPictures } from '../../../dev/pictures.js'
import { restoreSnapshot } from '../../../index-server/snapshot/restore-snapshot.js'
import { EmbeddedLog } from '../../../log/embedded-log.js'
import { topicsOf } from '../../../topics/names.js'
import { setAsideRecord } from '../../../topics/set-aside.js'
import { openAllInOne, scratch, until } from '../../fixtures/all-in-one.js'

const topics = topicsOf('default')

test('what was set aside before a restore brings no past back over what is published after it', async t => {
  const directory = await scratch(t)
  const pictures: Buffer[] = []
  for await (const picture of drawnPictures()) if (pictures.push(picture.bytes) === 8) break
  const a = await openAllInOne(t, join(directory, 'a'))
  // One commit each, so that offsets here are larger than those of the same records restored.
  for (let i = 0; i < 6; i++) {
    for await (const { refusal } of a.client.publish([{ id: `image-${i}`, image: pictures[i]! }])) t.is(refusal, undefined)
    await until(async () => (await a.client.status()).versions[0]?.coded === i + 1)
  }
  await a.all.log.append([
    { topic: topics.images, key: Buffer.from('broken'), value: Buffer.from('no image') },
    { topic: topics.images, key: Buffer.from('other'), value: Buffer.from('no image either') }
  ])
  const stood = (await a.client.getItem('image-5')).position!.offset
  // As an encoder does: of an item that is the newest of its id, and of one that is not.
  const record = { topic: topics.items, partition: 0, offset: stood, key: Buffer.from('image-5'), value: pictures[5]!, headers: {}, timestampMs: Date.now() }
  const reason = { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'no code', stage: 'encode v0' } as const
  await a.all.log.append([setAsideRecord(topics.setAside, record, reason), setAsideRecord(topics.setAside, { ...record, key: Buffer.from('image-0'), offset: 10_000 }, reason)])
  await until(async () => (await a.client.listSetAside()).entries.length === 4)
  const pieces: Uint8Array[] = []
  for await (const piece of a.client.snapshot()) pieces.push(piece)
  await a.close()
  {
    await using log = await EmbeddedLog.open({ directory: join(directory, 'b', 'data', 'log') })
    await restoreSnapshot({ log, reader: 'restore', archive: async function * () { yield * pieces } })
  }

  const { client } = await openAllInOne(t, join(directory, 'b'))
  const superseded = async (): Promise<unknown> => Object.fromEntries((await client.listSetAside()).entries.map(({ imageId, superseded }) => [imageId, superseded]))
  await until(async () => (await client.listSetAside()).entries.length === 4 && (await client.status()).versions[0]?.coded === 6)
  t.deepEqual(await superseded(), { broken: false, other: false, 'image-5': false, 'image-0': true })
  const { entry } = await client.getSetAside('broken')
  t.is(entry!.source, undefined, 'a place in another log')

  const standsAt = async (): Promise<number> => (await client.getItem('image-5')).position!.offset
  const stands = await standsAt()
  for (const [id, image] of [['broken', pictures[6]!], ['image-5', pictures[7]!]] as const) for await (const { refusal } of client.publish([{ id, image }])) t.is(refusal, undefined)
  await until(async () => (await client.status()).liveItems === 7 && await standsAt() !== stands)
  t.true(await standsAt() <= stood, 'an offset here says nothing beside one there')
  t.deepEqual(await superseded(), { broken: true, other: false, 'image-5': true, 'image-0': true })
  const { replayed, skipped } = await client.replay()
  t.deepEqual({ replayed, skipped }, { replayed: 1, skipped: 3 })
})
