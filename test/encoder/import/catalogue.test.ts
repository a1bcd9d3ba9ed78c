import { createServer } from 'node:http'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { codeOf } from '../../../errors.js'
import { hammingDistance } from '../../../hamming/distance.js'
import { hashPretrained } from '../../../encoder/hash-pretrained.js'
import { CATALOGUE, readPretrained } from '../../../encoder/import/catalogue.js'
import { fetchFolder } from '../../../encoder/import/fetch-folder.js'
import { loadSession } from '../../../encoder/session.js'
import { parseManifest } from '../../../registry/manifest.js'
import { cifar, evaluationData, missing } from '../../fixtures/evaluation-data.js'

const folders: Record<string, string> = {
  'mobilenet-v2': 'mobilenet_v2_1.0_224_dequant', 'mobilenet-v1-0.75': 'mobilenet_v1_0.75_224', 'mobilenet-v2-0.35': 'mobilenet_v2_0.35_224_tm',
  squeezenet: 'squeezenet_v1_1_notop', 'resnet20-cifar10': 'resnet20_cifar10', 'resnet56-cifar10': 'resnet56_cifar10'
}

test('catalogue: every entry is the folder of the evaluation data, by its SHA-256 and size, and takes no other', async t => {
  if (missing(t, 'weights')) return
  for (const entry of CATALOGUE) {
    const directory = join(evaluationData, 'weights', folders[entry.name]!)
    t.is((await readPretrained(entry, directory)).sha256, entry.sha256)
    t.is((await stat(join(directory, 'weights.bin'))).size, entry.bytes)
  }
  const err = await t.throwsAsync(readPretrained(CATALOGUE[0]!, join(evaluationData, 'weights/resnet20_cifar10')))
  t.is(codeOf(err), 'HAMMINGBIRD_MODEL_INVALID')
})

async function directoryOf (t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-catalogue-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

test('catalogue: a folder is fetched, and one that broke off goes on where it was', async t => {
  if (missing(t, 'weights/resnet20_cifar10')) return
  const from = join(evaluationData, 'weights/resnet20_cifar10')
  const asked: string[] = []
  let breaks = true
  const server = createServer((request, response) => {
    void readFile(join(from, basename(request.url!))).then(file => {
      asked.push(`${basename(request.url!)} ${request.headers.range ?? 'whole'}`)
      const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(begin > 0 ? 206 : 200, { 'content-length': file.length - begin })
      if (!breaks || file.length < 500_000) response.end(file.subarray(begin))
      else response.write(file.subarray(begin, 500_000), () => response.destroy())
    }, () => response.writeHead(404).end())
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/nets/model.json`
  const directory = await directoryOf(t)

  const err = await t.throwsAsync(fetchFolder(address, directory))
  t.regex(err!.message, /goes on from there/)
  t.deepEqual((await readdir(directory)).toSorted(), ['model.json', 'weights.bin.part'])
  const there = (await stat(join(directory, 'weights.bin.part'))).size
  t.true(there > 0)
  breaks = false
  const told: number[] = []
  await fetchFolder(address, directory, { progress: bytes => told.push(bytes) })
  t.is(asked.at(-1), `weights.bin bytes=${there}-`)
  t.is(told.at(-1), (await stat(join(from, 'model.json'))).size + (await stat(join(from, 'weights.bin'))).size)
  t.truthy(await readPretrained(CATALOGUE.find(entry => entry.name === 'resnet20-cifar10')!, directory))

  t.is(codeOf(await t.throwsAsync(fetchFolder(address.replace('model.json', 'none.json'), await directoryOf(t)))), 'HAMMINGBIRD_NOT_FOUND')
  t.is(codeOf(await t.throwsAsync(fetchFolder(address.replace('model.json', 'weights.bin'), await directoryOf(t)))), 'HAMMINGBIRD_MODEL_INVALID')
  t.is(codeOf(await t.throwsAsync(fetchFolder(address, await directoryOf(t), { maxBytes: 10_000 }))), 'HAMMINGBIRD_MODEL_INVALID')
})

test('catalogue: a pretrained network with a hash layer fitted to pictures finds pictures of the same class', async t => {
  if (missing(t, 'weights/resnet20_cifar10', 'cifar10')) return
  const entry = CATALOGUE.find(entry => entry.name === 'resnet20-cifar10')!
  const imported = await readPretrained(entry, join(evaluationData, 'weights/resnet20_cifar10'))
  const { pixels, labels } = await cifar('test_lossless')
  const directory = await directoryOf(t)
  async function * batches (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 400; at += 100) yield pixels.subarray(at * 3072, (at + 100) * 3072)
  }
  const options = { version: 'v3', bits: 32, createdMs: 0, provenance: { from: entry.name } }
  const manifest = await hashPretrained(imported, entry.picture, batches(), directory, options)
  t.deepEqual(parseManifest(JSON.stringify(manifest)), manifest)
  t.is(manifest.detail, 32)
  t.is(manifest.provenance['pictures'], '400')

  using session = await loadSession(manifest, directory)
  const { codes } = await session.encode(pixels, 500, {}, () => undefined)
  const code = (i: number): Uint8Array => codes.subarray(i * 4, i * 4 + 4)
  let same = 0
  for (let query = 400; query < 500; query++) { // pictures that the layer was not fitted on
    const nearest = [...Array(400).keys()].toSorted((a, b) => hammingDistance(code(a), code(query)) - hammingDistance(code(b), code(query))).slice(0, 5)
    same += nearest.filter(at => labels[at] === labels[query]).length
  }
  t.log(`of the five nearest, ${same / 5} % are of the query's class; by chance 10 %`)
  t.true(same / 500 > 0.7)
  async function * none (): AsyncGenerator<Uint8Array> {}
  t.is(codeOf(await t.throwsAsync(hashPretrained(imported, entry.picture, none(), directory, options))), 'HAMMINGBIRD_INVALID')
})
