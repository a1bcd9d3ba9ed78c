import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readdir } from 'node:fs/promises'
import test from 'ava'
import sharp from 'sharp'
import type { HammingbirdClient } from '../../client/index.js'
import type { DeepChoices } from '../../evaluation/deep.js'
import { Item } from '../../proto/gen/hammingbird/v1/catalog.js'
import { HammingbirdError } from '../../errors.js'
import { exportedItems } from '../../evaluation/retrain/exported.js'
import { trainCandidate } from '../../evaluation/retrain/candidate.js'
import { keepItems, keptItems } from '../../evaluation/retrain/kept-items.js'
import { isHeldOut, readLabelledItems } from '../../evaluation/retrain/labelled-items.js'
import { DecoderPool } from '../../decoder/pool.js'
import { drawn } from '../../trainer/datasets/drawn.js'
import { labelsOf } from '../../trainer/labels.js'
import { recipeOf } from '../../trainer/recipes/recipes.js'
import { openTraining } from '../encoder/numeric.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'
import { hammingbird, type Ran, type RunOptions } from '../fixtures/command-line.js'

const COUNT = 300
const set = drawn(COUNT, 1, 32)
const backend = await openTraining()

/** Publishes the drawn set, the labels as the server's words, and waits until all of it can be found. */
async function publishDrawn (client: HammingbirdClient): Promise<Buffer[]> {
  const images: { id: string, image: Buffer, labels: string[] }[] = []
  for (let i = 0; i < COUNT; i++) {
    const image = await sharp(set.pixels.subarray(i * 3072, (i + 1) * 3072), { raw: { width: 32, height: 32, channels: 3 } }).png().toBuffer()
    images.push({ id: `drawn/${i}`, image, labels: labelsOf(set.labels, i).map(label => set.names[label]!) })
  }
  for await (const { refusal } of client.publish(images)) if (refusal !== undefined) throw new Error(refusal.message)
  await until(async () => (await client.status()).versions.every(({ coded }) => coded === COUNT))
  return images.map(({ image }) => image)
}

test.serial('retrain: what is labelled on a server is learned from, compared, published and made live; queries are then answered by it', async t => {
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const directory = await scratch(t)
  const { client, all } = await openAllInOne(t, directory)
  const [image] = await publishDrawn(client)
  const run = (args: readonly string[], told: NonNullable<RunOptions['told']> = () => {}) => hammingbird(['retrain', '--net', 'width=8', '--batch', '32', '--bits', '32', '--work', join(directory, 'retrain'), ...args], { server: all.grpc.address, told })
  t.is((await client.search({ image: image!, k: 5 })).version, 'v0')

  const learned = await run(['--epochs', '30', '--held-out', '0.2', '--promote', '--json'])
  t.is(learned.code, 0, learned.stderr)
  const row = learned.json[0] as { live: { mAP: number }, candidate: { mAP: number }, difference: { lower: number }, trainedOn: number, queries: number }
  t.like(learned.json[0], { liveVersion: 'v0', better: true, version: 'v1', promoted: true } as object)
  t.true(row.candidate.mAP > row.live.mAP + 0.03 && row.difference.lower > 0, JSON.stringify(row))
  t.is(row.trainedOn + row.queries, COUNT)
  const { hits, version } = await client.search({ image: image!, k: COUNT })
  t.is(version, 'v1')
  t.is(hits.find(({ id }) => id === 'drawn/0')?.distance, 0) // as may be others: it learned labels, not pictures
  t.regex((JSON.parse((await client.models.get('v1')).manifest) as { provenance: Record<string, string> }).provenance['mAP of v0']!, /^0\.\d{4}$/)
  // What has hardly learned is published, compared, and not made live.
  const hasty = await run(['--epochs', '1', '--seed', '3', '--held-out', '0.5', '--promote', '--json'])
  t.is(hasty.code, 5, hasty.stderr)
  t.like(hasty.json[0], { liveVersion: 'v1', better: false, version: 'v2', promoted: false } as object)
  t.regex(hasty.stderr, /^published v2, which is not better than v1: hammingbird models retire v2$/m)
  t.is((await client.search({ image: image!, k: 5 })).version, 'v1')
  t.false(existsSync(join(directory, 'retrain')), 'a run that ended leaves nothing')

  // While it runs, nobody else works where it does; interrupted, it says what is kept.
  const long = ['--epochs', '5000', '--work', join(directory, 'long')]
  let second: Promise<Ran> | undefined
  const first = await run(long, (soFar, kill) => { if (soFar.includes(' held out\n')) second ??= run(long).finally(() => { kill('SIGINT') }) })
  t.is(first.code, 130, first.stderr)
  t.regex(first.stderr, /^300 labelled images: \d+ to learn from, \d+ held out$/m)
  t.regex(first.stderr, /^stopping: the images, and what was learned of them, are kept in .*long/m)
  t.is((await second)?.code, 1)
  t.regex((await second)!.stderr, /^HAMMINGBIRD_LOCKED {2}.*long/m)
  // A kill leaves no lock behind.
  const killed = await run(long, (soFar, kill) => { if (/going on from step \d+/.test(soFar)) kill('SIGKILL') })
  t.is(killed.code, null, killed.stderr)
  const after = await run(long, (soFar, kill) => { if (/going on from step \d+/.test(soFar)) kill('SIGINT') })
  t.is(after.code, 130, after.stderr)
})

test.serial('retrain: what an interrupted run needs is kept, and the same run goes on with it to the same end', async t => {
  if (backend.name === 'javascript') {
    t.log('not run: native TensorFlow is not set up (npm run setup:native)')
    return t.pass()
  }
  const directory = await scratch(t)
  const { client } = await openAllInOne(t, directory)
  await publishDrawn(client)
  await using decoder = await DecoderPool.open({ workers: 1 })
  const items = await readLabelledItems(client.exportItems({ labelled: true, pictures: true }), { decoder, input: { width: 16, height: 16, fit: 'squash' }, live: 'v0', bits: 64, heldOut: 0.2 })
  t.is(items.pictures.count, COUNT)
  const first = Number((await client.exportItems({ labelled: true }).next()).value!.id.split('/')[1])
  t.deepEqual(labelsOf(items.pictures.labels, 0).map(label => items.pictures.names[label]!).toSorted(), labelsOf(set.labels, first).map(label => set.names[label]!).toSorted())
  await keepItems(directory, items)
  const kept = (await keptItems(directory))!
  t.deepEqual([kept.live, kept.heldOut, kept.pictures.names, kept.codes.bits], [items.live, items.heldOut, items.pictures.names, 64])
  t.deepEqual(kept.pictures.labels, items.pictures.labels)
  t.is(Buffer.compare(kept.codes.bytes, items.codes.bytes), 0)
  t.is(Buffer.compare(kept.pictures.pixels, items.pictures.pixels), 0)

  const choices: DeepChoices = { bits: 16, seed: 1, settings: { width: 8 }, recipe: {}, shift: 1, cutout: 0, epochs: 3, batchSize: 40 }
  const stop = new AbortController()
  const to = (name: string, options: { onProgress?: (step: number) => void, signal?: AbortSignal }) => trainCandidate(recipeOf('multitask'), kept, choices, join(directory, 'model'), {
    checkpoint: { directory: join(directory, name), everyMs: 1e9 },
    ...options.signal && { signal: options.signal },
    onProgress: ({ step }) => { options.onProgress?.(step) }
  })
  await t.throwsAsync(to('a', { signal: stop.signal, onProgress: step => { if (step === 7) stop.abort(new Error('enough')) } }), { message: 'enough' })
  const steps: number[] = []
  const resumed = await to('a', { onProgress: step => steps.push(step) })
  t.is(steps[0], 8)
  const whole = await to('b', {})
  t.is(resumed.candidate.mAP, whole.candidate.mAP)
})

test('retrain: a recipe, a choice or a setting that cannot be is refused, naming what there is, before any server is asked', async t => {
  for (const [args, said] of [
    [['--recipe', 'nope'], /^HAMMINGBIRD_INVALID {2}recipe: there is no nope; there are multitask, .*classifier/],
    [['--set', 'nope=1'], /^HAMMINGBIRD_INVALID {2}settings: nope is no setting of the recipe multitask; there are strategy, contrast, entropy, quantization, smoothing/],
    [['--set', 'contrast=much'], /^HAMMINGBIRD_INVALID {2}settings: contrast must be a number from 0 to 1000, got "much"/],
    [['--net', 'nope=1'], /^HAMMINGBIRD_INVALID {2}settings: nope is no setting of this network; there are .*width/],
    [['--net', 'width=-1'], /^HAMMINGBIRD_INVALID {2}settings: width must be a whole number from/],
    [['--recipe', 'classifier'], /^HAMMINGBIRD_INVALID {2}recipe: classifier is a baseline/]
  ] as const) {
    const { code, stderr } = await hammingbird(['retrain', ...args], { server: '127.0.0.1:1' })
    t.is(code, 2, stderr)
    t.regex(stderr, said)
  }
  t.is((await hammingbird(['retrain', '--set', 'strategy=alternate', '--net', 'width=16'], { server: '127.0.0.1:1' })).code, 3, 'what can be, asks the server')
})

test('retrain: an export that breaks off goes on behind the last item; a server that stays away is told', async t => {
  const ids = ['a', 'b', 'c', 'd']
  const asked: string[] = []
  const client = {
    exportItems: async function * ({ afterId = '' }: { afterId?: string | undefined } = {}) {
      asked.push(afterId)
      for (const id of ids.filter(id => id > afterId)) {
        if (id === 'c' && asked.length < 3) throw new HammingbirdError('HAMMINGBIRD_UNREACHABLE', 'gone')
        if (id === 'd' && ids.length > 4) throw new HammingbirdError('HAMMINGBIRD_UNREACHABLE', 'gone')
        yield Item.create({ id })
      }
    }
  }
  const all = async (): Promise<string[]> => {
    const got: string[] = []
    for await (const { id } of exportedItems(client, new AbortController().signal, 1)) got.push(id)
    return got
  }
  t.deepEqual(await all(), ids)
  t.deepEqual(asked, ['', 'b', 'b'])
  ids.push('e')
  await t.throwsAsync(all(), { code: 'HAMMINGBIRD_UNREACHABLE' })
})

test('retrain: an id is on one side of the split for good, a share of them held out', t => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `picture ${i}`)
  const held = ids.filter(id => isHeldOut(id, 0.1))
  t.true(held.length > 900 && held.length < 1100, String(held.length))
  t.true(held.every(id => isHeldOut(id, 0.2)), 'more held out holds the same ones out')
})

test.serial('retrain: a server without labels has nothing to teach, and the command says so', async t => {
  const directory = await scratch(t)
  const { all } = await openAllInOne(t, directory)
  const before = await readdir(directory)
  const { code, stderr } = await hammingbird(['retrain', '--work', join(directory, 'retrain')], { server: all.grpc.address })
  t.deepEqual(await readdir(directory), before, 'a run that did not begin leaves nothing')
  if (backend.name === 'javascript') t.deepEqual([code, stderr.split('  ')[0]], [1, 'HAMMINGBIRD_BACKEND'])
  else t.deepEqual([code, /HAMMINGBIRD_INVALID {2}labelled images: too few to learn from: 0 are there.*Needed are two labels/.test(stderr)], [2, true], stderr)
})
