import { createHash } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openDataDirectory } from '../../cli/data-directory.js'
import { HammingbirdError, type HammingbirdClient, type NewImage, type Position } from '../../client/index.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import { drawnPictures } from '../../dev/pictures.js'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../../encoder/safetensors.js'
import type { Manifest } from '../../registry/manifest.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'
import { hammingbird } from '../fixtures/command-line.js'
import { smallModel } from '../fixtures/small-model.js'

async function publish (client: HammingbirdClient, images: readonly NewImage[]): Promise<Position[]> {
  const positions: Position[] = []
  for await (const { position, refusal } of client.publish(images)) {
    if (refusal !== undefined) throw new Error(refusal.message)
    positions.push(position!)
  }
  return positions
}

async function drawn (count: number): Promise<NewImage[]> {
  const images: NewImage[] = []
  for await (const { id, bytes, labels } of drawnPictures()) if (images.push({ id, image: bytes, labels }) === count) break
  return images
}

test.serial('versions: published, backfilled, promoted, searched, rolled back at once, and the history says so', async t => {
  const directory = await scratch(t)
  const first = await openAllInOne(t, directory)
  const run = (...args: string[]) => hammingbird(args, { server: first.all.grpc.address })
  const images = await drawn(13)
  const late = images.pop()!
  await publish(first.client, images)
  const found = async (client: HammingbirdClient, { image, id }: NewImage, minPosition: Position[] = [], version = '') => {
    const { hits, version: answered } = await client.search({ image, k: 100, minPosition, version })
    t.is(hits.find(hit => hit.id === id)?.distance, 0)
    t.true(hits.every(({ codeVersion }) => codeVersion === answered), 'one version answers')
    return answered
  }

  const model = join(directory, 'model')
  await smallModel(model, { bits: 128 })
  t.like((await run('models', 'publish', model, '--json')).json[0], { version: 'v1', bits: 128, network: 'resnet20', aliases: [] } as object)
  t.is((await run('models', 'publish', model)).stdout.split('\n')[0], 'v1 is this model already: nothing was published', 'the same model is the same version')
  await until(async () => (await first.client.models.backfill('v1')).every(({ caughtUp, coded }) => caughtUp && coded === 12))
  t.is(await found(first.client, images[3]!), 'v0')

  t.is((await run('models', 'promote', 'v1', '--wait', '--reason', 'better', '--actor', 'me')).stdout, 'v1 is live, v0 is previous\n')
  const again = await run('models', 'promote', 'v1')
  t.deepEqual([again.code, again.stderr.split('  ')[0]], [1, 'HAMMINGBIRD_ALREADY_EXISTS'])
  t.is(await found(first.client, images[3]!), 'v1')
  t.is((await first.client.getItem(images[3]!.id!)).codes['v1']!.code.length, 16)
  t.is(await found(first.client, images[4]!, [], 'previous'), 'v0')

  // What comes while v1 is live is in v0 too: a rollback loses nothing.
  const positions = await publish(first.client, [late])
  t.is(await found(first.client, late, positions), 'v1')
  const rolledBack = (await run('models', 'rollback', '--json', '--actor', 'me')).json[0]
  t.like(rolledBack, { live: 'v0', previous: 'v1' } as object)
  t.is(await found(first.client, late, positions), 'v0')
  t.is(await found(first.client, late, positions, 'v1'), 'v1')

  const listed = await run('models', 'list')
  t.regex(listed.stdout, /\nv0 +live +64 +classical +13 +0 .*\nv1 +previous +128 +resnet20 +13 +0 /)
  t.like((await run('models', 'show', 'previous', '--json')).json[0], { version: 'v1', manifest: { network: 'resnet20' } } as object)
  t.regex((await run('backfill', 'status')).stdout, /\nv1 +13 +0 +0 +\d+ +caught up\n/)
  const told = (await run('models', 'history', '--json')).json[0]!['entries'] as Record<string, unknown>[]
  t.deepEqual(told.map(({ event, version, live, previous, actor, reason }) => [event, version, live, previous, actor, reason]), [
    ['published', 'v1', 'v0', '', 'publish', ''],
    ['promoted', 'v1', 'v1', 'v0', 'me', 'better'],
    ['rolled-back', 'v0', 'v0', 'v1', 'me', '']
  ])
  t.is(((await run('models', 'history', '--json', '--until', told[0]!['at'] as string)).json[0]!['entries'] as unknown[]).length, 1)

  await run('models', 'fetch', 'v1', join(directory, 'fetched'))
  t.is((await run('models', 'publish', join(directory, 'fetched'))).stdout.split('\n')[0], 'v1 is this model already: nothing was published', 'what was fetched is what was published')
  t.regex((await run('models', 'retire', 'v1')).stderr, /HAMMINGBIRD_INVALID .*v1 is previous/)
  t.is((await run('models', 'promote', 'v9')).code, 4)

  await first.close()
  const second = await openAllInOne(t, directory)
  t.is(await found(second.client, late), 'v0')
  t.is((await second.client.models.promote('v1')).live, 'v1')
  t.is(await found(second.client, late), 'v1')
  await smallModel(model, { seed: 2 })
  const other = await hammingbird(['models', 'publish', model, '--promote', '--json'], { server: second.all.grpc.address })
  t.like(other.json[0], { version: 'v2', live: 'v2', previous: 'v1' } as object)
  await second.client.models.rollback('v0')
  await second.client.models.retire('v1')
  t.is(await found(second.client, late), 'v0')
  t.deepEqual((await second.client.models.list()).map(({ name }) => name), ['v0', 'v2'])
  const gone = await hammingbird(['search', '--id', late.id!, '--version', 'v1'], { server: second.all.grpc.address })
  t.regex(gone.stderr, /^HAMMINGBIRD_VERSION_RETIRED/)

  t.regex((await hammingbird(['models', 'retire', 'v0', '--force'], { server: second.all.grpc.address })).stderr, /HAMMINGBIRD_INVALID .*not live/)
  await second.client.models.promote('v2')
  t.regex((await hammingbird(['models', 'retire', 'v0'], { server: second.all.grpc.address })).stderr, /HAMMINGBIRD_INVALID .*v0.* built in/)
  t.is((await hammingbird(['models', 'retire', 'v0', '--force'], { server: second.all.grpc.address })).code, 0)
  t.is(await found(second.client, late), 'v2')
  t.regex((await hammingbird(['models', 'rollback'], { server: second.all.grpc.address })).stderr, /HAMMINGBIRD_NOT_FOUND .*no previous version/)

  await second.close()
  await withLog(directory, log => log.createTopic({ name: 'default.codes.v1', partitions: 1, cleanup: 'compact' })) // as if killed before it was deleted
  const third = await openAllInOne(t, directory)
  await third.client.models.retire('v1')
  t.is(await found(third.client, late), 'v2')
  t.deepEqual((await third.client.models.list()).map(({ name }) => name), ['v2'])
  await third.close()
  await withLog(directory, async log => { t.deepEqual((await log.listTopics()).filter(name => name.includes('.codes.')), ['default.codes.v2'], 'what is retired stays so') })
})

async function withLog (directory: string, work: (log: EmbeddedLog) => Promise<void>): Promise<void> {
  await using log = await EmbeddedLog.open({ directory: (await openDataDirectory(join(directory, 'data'))).log })
  await work(log)
}

test.serial('versions: a model that is damaged, lies, or computes no numbers is refused with the reason, and harms nothing', async t => {
  const directory = await scratch(t)
  const { client, all } = await openAllInOne(t, directory)
  const [image] = await drawn(1)
  const positions = await publish(client, [image!])
  const model = join(directory, 'model')
  const manifest = await smallModel(model)
  const weights = await readFile(join(model, 'weights.safetensors'))

  /** The model with other weights, whose manifest says what they are. */
  const spoilt = async (name: string, bytes: Uint8Array): Promise<string> => {
    const spoiltDirectory = join(directory, name)
    await cp(model, spoiltDirectory, { recursive: true })
    await writeFile(join(spoiltDirectory, 'weights.safetensors'), bytes)
    const files: Manifest['files'] = manifest.files.map(file => file.name === 'weights.safetensors' ? { ...file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') } : file)
    await writeFile(join(spoiltDirectory, 'manifest.json'), JSON.stringify({ ...manifest, version: '', files }))
    return spoiltDirectory
  }
  const changed = (change: (tensors: Map<string, NamedTensor>) => void): Uint8Array => {
    const tensors = new Map(readSafetensors(new Uint8Array(weights)))
    change(tensors)
    return writeSafetensors(tensors)
  }
  const cut = await spoilt('cut', weights.subarray(0, -100))
  const shape = await spoilt('shape', changed(tensors => {
    const { data, shape: [rows, columns] } = tensors.get('hash.kernel')!
    tensors.set('hash.kernel', { data, shape: [columns!, rows!] })
  }))
  const nan = await spoilt('nan', changed(tensors => { (tensors.get('hash.bias')!.data as Float32Array)[0] = NaN }))
  const other = await spoilt('other', changed(tensors => { (tensors.get('hash.bias')!.data as Float32Array).fill(9) }))
  const missing = await spoilt('missing', changed(tensors => { tensors.delete('conv1.kernel') }))
  const swapped = join(directory, 'swapped')
  await cp(model, swapped, { recursive: true })
  await writeFile(join(swapped, 'weights.safetensors'), Buffer.from(weights).fill(1, weights.length - 8))

  for (const [bad, reason] of [
    [cut, /end|bytes|offset/i],
    [shape, /hash\.kernel/],
    [nan, /finite|number/],
    [other, /recorded outputs/],
    [missing, /conv1/],
    [swapped, /SHA-256/]
  ] as const) {
    const { files } = JSON.parse(await readFile(join(bad, 'manifest.json'), 'utf8')) as Manifest
    const err = await t.throwsAsync(client.models.publish(await readFile(join(bad, 'manifest.json'), 'utf8'), chunks(bad, { files })), { instanceOf: HammingbirdError }, bad)
    t.is(err.code, 'HAMMINGBIRD_MODEL_INVALID', bad)
    t.regex(err.message, reason, bad)
  }
  const told = await hammingbird(['models', 'publish', nan], { server: all.grpc.address })
  t.deepEqual([told.code, told.stderr.split('\n').at(-2)!.split('  ')[0]], [1, 'HAMMINGBIRD_MODEL_INVALID'])
  t.is((await hammingbird(['models', 'publish', directory], { server: all.grpc.address })).code, 2)
  t.deepEqual((await client.models.list()).map(({ name }) => name), ['v0'])
  t.deepEqual(await client.models.history(), [])
  t.is((await client.search({ image: image!.image, k: 1, minPosition: positions })).hits[0]!.distance, 0)
  t.true((await client.status()).workers.every(({ lost }) => lost === 0), 'no worker of the server was asked')
  t.is((await client.models.publish(JSON.stringify({ ...manifest, version: '' }), chunks(model, manifest))).name, 'v1', 'the model itself is taken')
})

async function * chunks (directory: string, { files }: Pick<Manifest, 'files'>) {
  for (const { name } of files) yield { file: name, offset: 0, data: await readFile(join(directory, name)) }
}

test.serial('versions: one that has not caught up is not promoted, unless it is forced; a promotion waits for what is nearly there', async t => {
  const directory = await scratch(t)
  let release = (): void => {}
  const released = new Promise<void>(resolve => { release = resolve })
  const { client, all } = await openAllInOne(t, directory, { slowed: encoder => ({
    load: (...args) => encoder.load(...args),
    unload: model => encoder.unload(model),
    encode: async request => {
      if (request.lane === 'backfill') await released
      return encoder.encode(request)
    },
    close: () => encoder.close(),
    [Symbol.asyncDispose]: () => encoder.close()
  }) })
  t.teardown(release)
  const images = await drawn(2)
  await publish(client, images)
  await until(async () => (await client.status()).versions[0]?.coded === 2)
  const model = join(directory, 'model')
  await smallModel(model)
  await hammingbird(['models', 'publish', model], { server: all.grpc.address })
  await until(() => all.indexServer.served('').isOpen('v1'))
  const early = await hammingbird(['models', 'promote', 'v1', '--timeout', '60'], { server: all.grpc.address })
  t.is(early.code, 1)
  t.regex(early.stderr, /^HAMMINGBIRD_VERSION_NOT_READY {2}version v1 has not caught up: 2 images wait/)
  t.like(await client.models.promote('v1', { force: true }), { live: 'v1', previous: 'v0' })
  t.deepEqual((await client.search({ image: images[0]!.image, k: 1 })).hits, [])
  t.like(await client.models.rollback(), { live: 'v0', previous: 'v1', missing: 0 })
  const promoting = client.models.promote('v1')
  release()
  t.is((await promoting).live, 'v1')
  t.is((await client.search({ image: images[0]!.image, k: 1 })).hits[0]!.distance, 0)
})
