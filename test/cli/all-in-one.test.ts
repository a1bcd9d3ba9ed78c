import sharp from 'sharp'
import test from 'ava'
import { HammingbirdError, type HammingbirdClient, type NewImage, type Position } from '../../client/index.js'
import { drawnPictures } from '../../dev/pictures.js'
import { missing } from '../fixtures/evaluation-data.js'
import { bytesOf, expected, listed } from '../fixtures/evaluation-images.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'

async function publish (client: HammingbirdClient, images: readonly NewImage[]): Promise<Position[]> {
  const positions: Position[] = []
  for await (const { position, refusal } of client.publish(images)) {
    if (refusal !== undefined) throw new Error(refusal.message)
    positions.push(position!)
  }
  return positions
}

async function drawn (label: string, count: number): Promise<NewImage[]> {
  const images: NewImage[] = []
  for await (const { id, bytes, labels } of drawnPictures()) if (labels[0] === label && images.length < count) images.push({ id, image: bytes, labels })
  return images
}

test('all in one: what is published is found by image, by id and by code, and waits for a position', async t => {
  const { client } = await openAllInOne(t, await scratch(t))
  const images = [...await drawn('boat', 4), ...await drawn('forest', 4)]
  const positions = await publish(client, images)
  const byImage = await client.search({ image: images[1]!.image, k: 3, minPosition: positions.slice(-1) })
  t.is(byImage.hits[0]!.id, images[1]!.id!)
  t.is(byImage.hits[0]!.distance, 0)
  t.true(byImage.complete)
  t.is(byImage.version, 'v0')
  t.true(byImage.hits.every(({ labels }) => labels[0] === 'boat'))
  const item = await client.getItem(images[1]!.id!)
  const byId = await client.search({ id: images[1]!.id!, k: 3 })
  const byCode = await client.search({ code: item.codes['v0']!.code, k: 3 })
  t.deepEqual(byId.hits, byCode.hits)
  t.is(byId.hits[0]!.distance, 0)
})

test('all in one: an update, labels given and taken back, a delete, and what comes back is new', async t => {
  const { client } = await openAllInOne(t, await scratch(t))
  const [boat, , forest] = [...await drawn('boat', 2), ...await drawn('forest', 1)] as [NewImage, NewImage, NewImage]
  const searchable = async (positions: readonly Position[]): Promise<void> => { await client.search({ code: Buffer.alloc(8), k: 1, minPosition: [...positions] }) }

  await searchable(await publish(client, [{ id: 'x', image: boat.image, labels: ['first'], metadata: { camera: 'one' }, uri: 'file:///x', capturedAt: new Date(86_400_000) }]))
  const first = await client.getItem('x', { picture: true })
  t.deepEqual([first.labels, first.metadata, first.uri, first.capturedAt], [['first'], { camera: 'one' }, 'file:///x', new Date(86_400_000)])
  t.deepEqual((await sharp(first.picture).metadata()).width, 256)

  await searchable(await publish(client, [{ id: 'x', image: forest.image, labels: ['second'] }]))
  const second = await client.getItem('x')
  t.notDeepEqual(second.codes['v0'], first.codes['v0'])
  t.deepEqual(second.labels, ['second'])

  await client.setLabels('x', ['given'])
  await until(async () => (await client.getItem('x')).labels[0] === 'given')
  await client.setLabels('x', undefined)
  await until(async () => (await client.getItem('x')).labels[0] === 'second')

  await searchable(await client.deleteItems(['x']))
  t.is((await t.throwsAsync(client.getItem('x'), { instanceOf: HammingbirdError })).code, 'HAMMINGBIRD_NOT_FOUND')
  t.deepEqual((await client.search({ code: second.codes['v0']!.code, k: 1 })).hits, [])

  await searchable(await publish(client, [{ id: 'x', image: boat.image }]))
  t.deepEqual((await client.getItem('x')).labels, [])
})

test('all in one: a second start goes on where it was, and encodes nothing twice', async t => {
  const directory = await scratch(t)
  const images = await drawn('fish', 12)
  const first = await openAllInOne(t, directory)
  await publish(first.client, images)
  await until(async () => (await first.client.status()).versions[0]?.coded === 12)
  const before = await Promise.all(images.map(({ id }) => first.client.getItem(id!)))
  await first.close()

  const second = await openAllInOne(t, directory)
  await until(async () => (await second.client.status()).versions[0]?.coded === 12)
  t.deepEqual(await Promise.all(images.map(({ id }) => second.client.getItem(id!))), before)
  await until(() => second.all.pipeline.stages().length === 2)
  t.deepEqual(second.all.pipeline.stages().map(({ settled }) => settled), [0, 0])
})

test('all in one: what is no image is set aside with its reason, and a replay skips what has a newer item', async t => {
  const { client } = await openAllInOne(t, await scratch(t))
  const [boat] = await drawn('boat', 1)
  await publish(client, [
    { id: 'text', image: Buffer.from('this is no image') },
    { id: 'broken', image: boat!.image.subarray(0, 900) },
    { id: 'mended', image: Buffer.from('not yet') },
    { id: 'mended', image: boat!.image }
  ])
  await until(async () => (await client.status()).setAside === 3 && (await client.status()).versions[0]?.coded === 1)
  const { entries } = await client.listSetAside()
  t.deepEqual(entries.map(({ imageId, code, stage, superseded }) => [imageId, code, stage, superseded]).sort(), [
    ['broken', 'HAMMINGBIRD_IMAGE_UNREADABLE', 'ingest', false],
    ['mended', 'HAMMINGBIRD_IMAGE_UNREADABLE', 'ingest', true],
    ['text', 'HAMMINGBIRD_IMAGE_UNREADABLE', 'ingest', false]
  ])
  const shown = await client.getSetAside('text')
  t.is(shown.image.toString(), 'this is no image')
  t.is(shown.headers['__streams.errors.exception'], 'HAMMINGBIRD_IMAGE_UNREADABLE')
  const replayed = await client.replay()
  t.deepEqual([replayed.replayed, replayed.skipped], [2, 1])
})

test('all in one: collections are apart, with codes of their own width', async t => {
  const { client, all } = await openAllInOne(t, await scratch(t))
  await client.createCollection({ name: 'wide', bits: 256 })
  const wide = await import('../../client/index.js').then(({ HammingbirdClient }) => HammingbirdClient.open({ server: all.grpc.address, collection: 'wide' }))
  t.teardown(() => wide.close())
  const images = await drawn('city', 3)
  const positions = await publish(wide, images)
  const { hits } = await wide.search({ image: images[0]!.image, k: 5, minPosition: positions.slice(-1) })
  t.is(hits.length, 3)
  t.is(hits[0]!.distance, 0)
  t.is((await wide.getItem(images[0]!.id!)).codes['v0']!.code.length, 32)
  t.is((await client.status()).liveItems, 0)
  const otherwise = await t.throwsAsync(client.createCollection({ name: 'wide', bits: 64 }), { instanceOf: HammingbirdError })
  t.is(otherwise.code, 'HAMMINGBIRD_ALREADY_EXISTS')
  t.regex(otherwise.message, /other settings: bits 256, not 64$/)
  t.is((await t.throwsAsync(client.deleteCollection('default'), { instanceOf: HammingbirdError })).code, 'HAMMINGBIRD_IN_USE')
  await client.deleteCollection('wide')
  t.is((await t.throwsAsync(wide.search({ code: Buffer.alloc(32), k: 1 }), { instanceOf: HammingbirdError })).code, 'HAMMINGBIRD_NOT_FOUND')
  await client.createCollection({ name: 'wide', bits: 64 })
  t.is((await wide.status()).liveItems, 0)
})

test('all in one: every evaluation image is indexed or set aside with the right reason, near duplicates find each other, no worker ends', async t => {
  if (missing(t, 'images')) return
  const { client } = await openAllInOne(t, await scratch(t))
  const files = listed()
  await publish(client, files.map(({ file }) => ({ id: file, image: bytesOf(file) })))
  const wanted = new Map(files.map(one => [one.file, expected(one)]))
  const good = [...wanted.values()].filter(outcome => outcome === 'ok').length
  await until(async () => {
    const { versions: [v0], setAside } = await client.status()
    return v0!.coded + setAside === files.length
  })
  const outcomes = new Map<string, string>()
  for await (const { id } of client.exportItems()) outcomes.set(id, 'ok')
  for (const { imageId, code } of (await client.listSetAside({ pageSize: 1000 })).entries) outcomes.set(imageId, code)
  t.deepEqual(Object.fromEntries([...outcomes].sort()), Object.fromEntries([...wanted].sort()))
  const { versions: [v0], workers } = await client.status()
  t.is(v0!.coded, good)
  t.true(workers.every(({ lost }) => lost === 0))

  // The photograph and its eleven changed copies: each finds the others before anything else.
  const bridge = files.map(({ file }) => file).filter(file => file.startsWith('neardup/bridge-mods/'))
  t.is(bridge.length, 12)
  for (const file of bridge) {
    const { hits } = await client.search({ image: bytesOf(file), k: 12 })
    t.is(hits[0]!.distance, 0, file)
    t.deepEqual(hits.map(({ id }) => id).sort(), bridge.toSorted(), file)
  }
})
