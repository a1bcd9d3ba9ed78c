import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HammingbirdError } from '../../errors.js'
import { EmbeddedLog } from '../../log/embedded-log.js'
import { dropArtifacts, fetchArtifacts, publishArtifacts } from '../../registry/artifacts.js'
import type { Manifest } from '../../registry/manifest.js'
import { Versions } from '../../registry/versions.js'
import { collectionSpecs, topicsOf } from '../../topics/names.js'

const topics = topicsOf('c')

function manifestOf (version: string, files: Record<string, Buffer>): Manifest {
  return {
    manifest: 1, version, bits: 64, network: 'net', settings: {}, input: { width: 8, height: 8, fit: 'squash' },
    normalisation: { channels: 'rgb', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] }, detail: 0, createdMs: 0, provenance: {},
    files: Object.entries(files).map(([name, data]) => ({ name: name as 'weights.safetensors', bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') }))
  }
}

async function ground (t: ExecutionContext) {
  const base = await mkdtemp(join(tmpdir(), 'hammingbird-artifacts-'))
  const log = await EmbeddedLog.open({ directory: join(base, 'log') })
  t.teardown(async () => {
    await log.close()
    await rm(base, { recursive: true, force: true })
  })
  for (const spec of collectionSpecs('c', { partitions: 1, imageBytes: 1000 })) await log.createTopic(spec)
  const files = { 'weights.safetensors': randomBytes(2.5 * 2 ** 20), 'recorded.safetensors': randomBytes(100) }
  const from = join(base, 'from')
  await mkdir(from)
  for (const [name, data] of Object.entries(files)) await writeFile(join(from, name), data)
  return { base, log, files, from, manifest: manifestOf('v1', files), to: join(base, 'models', 'v1') }
}

test('artifacts: what is fetched is what was published, and of its own version', async t => {
  const { base, log, files, from, manifest, to } = await ground(t)
  const others = join(base, 'others')
  await mkdir(others)
  const other = { 'weights.safetensors': randomBytes(1000) }
  await writeFile(join(others, 'weights.safetensors'), other['weights.safetensors'])
  await publishArtifacts(log, topics.artifacts, manifest, from)
  await publishArtifacts(log, topics.artifacts, manifestOf('v11', other), others)
  await fetchArtifacts({ log, topic: topics.artifacts, reader: 'r', manifest, directory: to })
  for (const [name, data] of Object.entries(files)) t.true(data.equals(await readFile(join(to, name))), name)
  t.deepEqual(await readdir(join(base, 'models')), ['v1'])
})

test('artifacts: what is there and whole is not fetched again, what is damaged is', async t => {
  const { log, files, from, manifest, to } = await ground(t)
  await publishArtifacts(log, topics.artifacts, manifest, from)
  await fetchArtifacts({ log, topic: topics.artifacts, reader: 'r', manifest, directory: to })
  await writeFile(join(to, 'weights.safetensors'), files['weights.safetensors'].subarray(1))
  await fetchArtifacts({ log, topic: topics.artifacts, reader: 'r', manifest, directory: to })
  t.true(files['weights.safetensors'].equals(await readFile(join(to, 'weights.safetensors'))))
  await dropArtifacts(log, topics.artifacts, manifest)
  await fetchArtifacts({ log, topic: topics.artifacts, reader: 'r', manifest, directory: to })
  t.pass('it was whole, so the log was not asked')
})

test('artifacts: a file that is missing, or is not what the manifest says, is refused and leaves nothing behind', async t => {
  const { base, log, from, manifest, to } = await ground(t)
  const refused = async (what: string): Promise<void> => {
    const err = await t.throwsAsync(fetchArtifacts({ log, topic: topics.artifacts, reader: 'r', manifest, directory: to }), { instanceOf: HammingbirdError }, what)
    t.is(err.code, 'HAMMINGBIRD_MODEL_INVALID')
    t.deepEqual(await readdir(join(base, 'models')), [])
  }
  await refused('nothing published')
  await writeFile(join(from, 'weights.safetensors'), randomBytes(2.5 * 2 ** 20))
  await publishArtifacts(log, topics.artifacts, manifest, from)
  await refused('other bytes')
})

test('versions: of changes made at the same time each counts once, on what the others led to', async t => {
  const { log, manifest } = await ground(t)
  const v0 = { ...manifest, version: 'v0', files: [] }
  await using one = await Versions.open(log, topics.models, 'one', v0)
  await using two = await Versions.open(log, topics.models, 'two', v0)
  const publish = (versions: Versions): Promise<unknown> => versions.change({ actor: 'test', reason: '' }, ({ manifests }) => {
    const version = `v${manifests.size}`
    return { $case: 'published', value: { manifest: JSON.stringify({ ...v0, version }) } }
  })
  await Promise.all([publish(one), publish(two), publish(one)])
  await publish(two)
  t.deepEqual([...two.state.manifests.keys()], ['v0', 'v1', 'v2', 'v3', 'v4'])
  t.deepEqual(two.history.map(({ event, version, live }) => ({ event, version, live })), ['v1', 'v2', 'v3', 'v4'].map(version => ({ event: 'published', version, live: 'v0' })))
})
