import { readFile, readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import test from 'ava'
import { Rank, type Search } from '../../client/index.js'
import { drawnPictures } from '../../dev/pictures.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'
import { hammingbird } from '../fixtures/command-line.js'
import { evaluationData, missing } from '../fixtures/evaluation-data.js'

test.serial('models add: fetched on after a break, fitted, published, broken off, gone on with, live; and found by it', async t => {
  if (missing(t, 'weights/resnet20_cifar10')) return
  const directory = await scratch(t)
  const folder = join(evaluationData, 'weights/resnet20_cifar10')
  let breaks = true
  const owners = createServer((request, response) => {
    void readFile(join(folder, basename(request.url!))).then(file => {
      const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(begin > 0 ? 206 : 200, { 'content-length': file.length - begin })
      if (!breaks || file.length < 500_000) response.end(file.subarray(begin))
      else response.write(file.subarray(begin, 500_000), () => response.destroy())
    })
  })
  await new Promise<void>(resolve => { owners.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => owners.close())

  const { client, all } = await openAllInOne(t, directory)
  const images: { id: string, image: Buffer }[] = []
  for await (const { id, bytes } of drawnPictures()) images.push({ id, image: bytes })
  for await (const { refusal } of client.publish(images)) t.is(refusal, undefined)
  await until(async () => (await client.status()).versions[0]?.coded === images.length)
  const add = (options: Parameters<typeof hammingbird>[1] = {}, ...args: string[]) => hammingbird(
    ['models', 'add', 'resnet20-cifar10', '--from', `http://127.0.0.1:${(owners.address() as AddressInfo).port}/`, ...args], { server: all.grpc.address, env: { XDG_CACHE_HOME: directory }, ...options })

  const broken = await add()
  t.regex(broken.stderr, /broke off after \d+ bytes; the same command goes on from there/)
  t.deepEqual(await readdir(join(directory, 'hammingbird/weights/resnet20-cifar10')), ['model.json', 'weights.bin.part'])
  breaks = false
  const interrupted = await add({ told: (soFar, kill) => { if (soFar.includes('published as')) kill('SIGINT') } })
  t.is(interrupted.code, 130, interrupted.stderr)
  t.regex(interrupted.stderr, /fitted 64 bits on 96 pictures/)
  const ended = await add({}, '--json')
  t.is(ended.code, 0, ended.stderr)
  t.regex(ended.stderr, /v1 is made of resnet20-cifar10 with 64 bits already/)
  t.like(ended.json[0], { version: 'v1', bits: 64, network: 'resnet20', live: 'v1', previous: 'v0', manifest: { provenance: { from: 'resnet20-cifar10', licence: 'BSD-2-Clause', pictures: '96' } } } as object)
  const { version, hits } = await client.search({ image: images[5]!.image, k: 100 })
  t.is(version, 'v1')
  t.is(hits.find(({ id }) => id === images[5]!.id)?.distance, 0)

  // Ties are ordered by detail where there is some, and the answer says whether they were.
  const { id } = images[5]!
  const rankedBy = async (search: Search): Promise<Rank> => (await client.search({ k: 5, rank: Rank.DETAIL, ...search })).rankedBy
  t.is(await rankedBy({ id }), Rank.DETAIL)
  t.is(await rankedBy({ id, version: 'v0' }), Rank.UNSPECIFIED)
  t.is(await rankedBy({ id, version: 'v0', radius: 64, pageSize: 2 }), Rank.UNSPECIFIED)
  t.is(await rankedBy({ code: Buffer.alloc(8) }), Rank.UNSPECIFIED)
  const told = await hammingbird(['search', '--id', id, '--rank', 'detail', '--json'], { server: all.grpc.address })
  t.deepEqual([told.stderr, told.json[0]!['rankedBy']], ['', 'detail'])

  // A network of one's own goes the same way.
  const own = await hammingbird(['models', 'import', folder, '--normalise', 'torch', '--name', 'mine', '--bits', '32', '--detail', '0', '--no-promote'], { server: all.grpc.address })
  t.is(own.stdout, 'v2 is ready: hammingbird models promote v2\n', own.stderr)
  t.deepEqual((await client.models.list()).map(({ name, bits, aliases }) => [name, bits, aliases.join()]), [['v0', 64, 'previous'], ['v1', 64, 'live'], ['v2', 32, '']])
})

test('models add, import: what cannot be is said before anything is done', async t => {
  const server = '127.0.0.1:1'
  t.regex((await hammingbird(['models', 'catalogue'], {})).stdout, /\nmobilenet-v2 +3\.4 +Apache-2\.0 +give --from +photographs/)
  t.is((await hammingbird(['models', 'add', 'mobilenet-v2', '--bits', '65'], { server })).code, 2)
  t.is((await hammingbird(['models', 'import', '/nowhere', '--mean', '1,2'], { server })).code, 2)
  t.is((await hammingbird(['models', 'add', 'mobilenet-v2'], { server })).code, 3)
})
