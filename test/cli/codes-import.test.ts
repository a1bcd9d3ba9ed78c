import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { drawnPictures } from '../../dev/pictures.js'
import { HammingbirdError, type HammingbirdClient } from '../../client/index.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'
import { hammingbird } from '../fixtures/command-line.js'
import { smallModel } from '../fixtures/small-model.js'

/** Bytes that look like a code of 64 bits, the same for the same word. */
function codeOf (word: string): Buffer {
  return createHash('sha256').update(word).digest().subarray(0, 8)
}

async function ids (client: HammingbirdClient, code: Uint8Array, more: object = {}): Promise<string[]> {
  return (await client.search({ code, k: 3, radius: 0, ...more })).hits.map(({ id }) => id)
}

async function everythingCoded (client: HammingbirdClient, version: string, coded: number): Promise<void> {
  await until(async () => (await client.models.backfill(version)).every(one => one.caughtUp && one.coded === coded))
}

test.serial('codes import: into a collection that is served; found, updated, deleted, and there after a restart and for a backfill', async t => {
  const directory = await scratch(t)
  const first = await openAllInOne(t, directory)
  const run = (...args: string[]) => hammingbird(args, { server: first.all.grpc.address, cwd: directory })
  const pictures: { readonly id: string, readonly bytes: Buffer }[] = []
  for await (const { id, bytes } of drawnPictures()) if (pictures.push({ id, bytes }) === 2) break
  const [own, other] = pictures as [typeof pictures[0], typeof pictures[0]]
  for await (const { refusal } of first.client.publish([{ id: own.id, image: own.bytes }])) t.is(refusal, undefined)
  await everythingCoded(first.client, 'v0', 1)

  // An export of one collection is an import of another; an id with a picture keeps it.
  const words = ['gull', 'heron\u2028grey', 'kite', own.id]
  await writeFile(join(directory, 'birds.codes'), Buffer.concat(words.map(codeOf)))
  await writeFile(join(directory, 'birds.codes.ids'), words.map(word => `${word}\n`).join(''))
  const imported = await run('codes', 'import', 'birds.codes', '--bits', '64', '--version', 'v0', '--labels', 'bird', '--json')
  t.is(imported.code, 5)
  t.like(imported.json[0], { version: 'v0', bits: 64, published: 3, refused: 1 } as object)
  t.regex(imported.stderr, /^HAMMINGBIRD_ALREADY_EXISTS {2}/)
  await everythingCoded(first.client, 'v0', 4)
  t.deepEqual(await ids(first.client, codeOf('kite')), ['kite'])
  t.deepEqual(await ids(first.client, codeOf('heron\u2028grey'), { filter: { anyLabels: ['bird'] } }), ['heron\u2028grey'])
  t.is((await first.client.getItem(own.id)).width > 0, true)
  t.is((await first.client.getItem(own.id, { picture: true })).picture.length > 0, true)
  t.regex((await run('get', 'kite')).stdout, /codes, no picture/)
  t.is((await run('get', 'kite', '--picture', 'kite.png')).code, 2)

  // As often as one likes; what was deleted is gone; an image published under the id is a picture from then on.
  await writeFile(join(directory, 'again.codes'), codeOf('gull'))
  const again = await run('codes', 'import', 'again.codes', '--bits', '64', '--version', 'v0', '--prefix', 'nr-')
  t.deepEqual([again.code, again.stdout], [0, 'published 1 code as codes of v0\n'])
  const positions = [...await first.client.deleteItems(['gull'])]
  for await (const { position } of first.client.publish([{ id: 'kite', image: other.bytes }])) positions.push(position!)
  t.deepEqual(await ids(first.client, codeOf('gull'), { minPosition: positions }), ['nr-0'])
  t.deepEqual(await ids(first.client, codeOf('kite')), [])

  // A version that comes later encodes what has a picture, and says of the others why it cannot.
  const model = join(directory, 'model')
  await smallModel(model, { bits: 64 })
  t.is((await run('models', 'publish', model)).code, 0)
  await everythingCoded(first.client, 'v1', 2)
  t.like((await first.client.models.backfill('v1'))[0], { setAside: 2, waiting: 0 })
  t.is((await first.client.getItem('nr-0')).codes['v1']!.refused, 'HAMMINGBIRD_NO_PICTURE')
  t.is((await t.throwsAsync<HammingbirdError>(first.client.search({ id: 'nr-0', version: 'v1' }))).code, 'HAMMINGBIRD_NO_PICTURE')
  t.is((await first.client.status()).setAside, 0, 'there is nothing to look at and nothing to replay')
  await first.close()

  const second = await openAllInOne(t, directory)
  t.deepEqual(await ids(second.client, codeOf('gull')), ['nr-0'])
  t.deepEqual(await ids(second.client, codeOf('heron\u2028grey')), ['heron\u2028grey'])
  t.is((await second.client.status()).liveItems, 4)
  const exported = await hammingbird(['codes', 'export', 'all.plain', '--format', 'plain', '--json'], { server: second.all.grpc.address, cwd: directory })
  t.like(exported.json[0], { codes: 4 } as object)
  t.true((await readFile(join(directory, 'all.plain'))).includes(codeOf('heron\u2028grey')))
})

test.serial('codes import: what cannot be is said before anything is published', async t => {
  const directory = await scratch(t)
  const { all, client } = await openAllInOne(t, directory)
  const run = (...args: string[]) => hammingbird(['codes', 'import', ...args], { server: all.grpc.address, cwd: directory })
  await writeFile(join(directory, 'two.codes'), Buffer.concat([codeOf('a'), codeOf('b')]))
  await writeFile(join(directory, 'one.ids'), 'a\n')
  const plain = ['two.codes', '--bits', '64']
  const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[...plain, '--version', 'v0'], 2, /whose codes are these/],
    [[...plain, '--version', 'v0', '--ids', 'one.ids'], 2, /one\.ids: is not the list of these codes: it has 1 lines, two\.codes has 2 codes; --ids names another/],
    [[...plain, '--version', 'v0', '--ids', 'nowhere'], 2, /cannot read nowhere/],
    [[...plain, '--version', 'v9', '--prefix', ''], 4, /there is no version v9: v0/],
    [['two.codes', '--bits', '32', '--version', 'v0', '--prefix', ''], 2, /HAMMINGBIRD_CODE_WIDTH {2}two\.codes has codes of 32 bits, v0 makes codes of 64/],
    [[...plain, '--prefix', ''], 2, /--version/],
    [['nowhere', '--version', 'v0'], 2, /cannot read nowhere/]
  ]
  for (const [args, code, says] of wrong) {
    const ran = await run(...args)
    t.is(ran.code, code, ran.stderr)
    t.regex(ran.stderr, says)
  }
  // What a client says that is no command of ours is held to the same.
  const refused: string[] = []
  for (const [id, codes] of [['a', { v0: Buffer.alloc(4) }], ['a', { live: Buffer.alloc(8) }], ['a', { '': Buffer.alloc(8) }], ['', { v0: Buffer.alloc(8) }], ['a\n', { v0: Buffer.alloc(8) }]] as const) {
    for await (const { refusal } of client.publish([{ id, codes }])) refused.push(refusal!.code)
  }
  t.deepEqual(refused, ['HAMMINGBIRD_CODE_WIDTH', 'HAMMINGBIRD_INVALID', 'HAMMINGBIRD_INVALID', 'HAMMINGBIRD_IMAGE_ID', 'HAMMINGBIRD_IMAGE_ID'])
  t.is((await client.status()).liveItems, 0)
})
