import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { credentials, loadPackageDefinition, Metadata, status as grpc, type ClientDuplexStream, type ServiceClientConstructor } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import test from 'ava'
import { HammingbirdClient } from '../../client/index.js'
import { HammingbirdError, notFound } from '../../errors.js'
import { GrpcServer } from '../../index-server/server.js'
import { HealthCheckResponse_ServingStatus, HealthService } from '../../proto/gen/grpc/health/v1/health.js'
import { AdminServiceService, SnapshotRequest } from '../../proto/gen/hammingbird/v1/admin.js'
import { CatalogServiceService, Item, PublishRequest, type PublishResponse } from '../../proto/gen/hammingbird/v1/catalog.js'
import { ModelServiceService } from '../../proto/gen/hammingbird/v1/model.js'
import { SearchServiceClient, SearchRequest, SearchServiceService } from '../../proto/gen/hammingbird/v1/search.js'
import { SetAsideServiceService } from '../../proto/gen/hammingbird/v1/set_aside.js'
import { CollectionServiceService } from '../../proto/gen/hammingbird/v1/collection.js'
import { WatchRequest, WatchServiceService } from '../../proto/gen/hammingbird/v1/watch.js'
import { engineWith, jpeg, loopback } from '../fixtures/loopback.js'

const require = createRequire(import.meta.url)
const services = { SearchServiceService, CatalogServiceService, CollectionServiceService, SetAsideServiceService, WatchServiceService, ModelServiceService, AdminServiceService }

test('server: what is not built answers UNIMPLEMENTED and says what it will do; what is built does not', async t => {
  await using at = await loopback()
  const unbuilt: string[] = []
  for (const service of Object.values(services)) {
    for (const method of Object.values(service)) {
      const call = method.requestStream
        ? collect(at.client.calls.bidi({ ...method, originalName: '' } as never))
        : method.responseStream
          ? collect({ answers: at.client.calls.serverStream(method as never, method.requestDeserialize(Buffer.alloc(0)) as never), end: () => {} })
          : at.client.calls.unary(method as never, method.requestDeserialize(Buffer.alloc(0)) as never)
      const err = await call.then(() => undefined, (err: unknown) => err as HammingbirdError)
      if (err?.code === 'HAMMINGBIRD_NOT_BUILT') {
        unbuilt.push(method.path.split('/')[2]!)
        t.regex(err.message, new RegExp(`^not built yet: ${unbuilt.at(-1)} \\w+`))
      }
    }
  }
  t.deepEqual(unbuilt, [
    'SearchBatch', 'Explain', 'Watch', 'ListWatches', 'DeleteWatch', 'ListVersions', 'GetVersion', 'PublishVersion', 'FetchVersion', 'Promote', 'Rollback',
    'Retire', 'GetHistory', 'SetShadow', 'GetDrift', 'GetBackfill', 'ControlBackfill', 'AcquireLease', 'RenewLease', 'Snapshot', 'Drain'
  ])
  t.deepEqual(at.logged, [], 'nothing went wrong inside')
})

test('server: an optional part of the engine is served as soon as it is there', async t => {
  const engine = engineWith({
    async * searchBatch (requests) {
      for await (const { tag } of requests) yield { tag, result: undefined }
    },
    models: { async listVersions ({ collection }) { return { versions: [{ name: 'v7', manifest: '', bits: 64, network: collection, createdAt: undefined, aliases: [], retired: false }] } } },
    admin: { async * snapshot () { yield { data: Buffer.from('a') }; yield { data: Buffer.from('b') } } }
  })
  await using at = await loopback({ engine })
  const { versions } = await at.client.calls.unary(ModelServiceService.listVersions, { collection: 'c' })
  t.like(versions[0], { name: 'v7', network: 'c' })
  const pieces = await collect({ answers: at.client.calls.serverStream(AdminServiceService.snapshot, SnapshotRequest.create()), end: () => {} })
  t.deepEqual(pieces.map(({ data }) => String(data)), ['a', 'b'])
  const batch = at.client.calls.bidi(SearchServiceService.searchBatch)
  await batch.send({ tag: 'x', search: undefined })
  t.deepEqual(await collect(batch), [{ tag: 'x', result: undefined }])
})

test('server: the engine learns of the caller\'s deadline, and the caller gets DEADLINE_EXCEEDED', async t => {
  let noticed = (_reason: unknown) => {}
  const aborted = new Promise<unknown>(resolve => { noticed = resolve })
  const engine = engineWith({
    search: (_request, { signal }) => new Promise((_resolve, reject) => signal!.addEventListener('abort', () => {
      reject(signal!.reason)
      noticed(signal!.reason)
    }))
  })
  await using at = await loopback({ engine })
  const err = await t.throwsAsync(at.client.search({ id: 'a' }, { timeoutMs: 30 }), { instanceOf: HammingbirdError })
  t.is((err as HammingbirdError).code, 'HAMMINGBIRD_DEADLINE')
  const reason = await aborted
  t.true(reason instanceof HammingbirdError)
  t.regex((reason as HammingbirdError).code, /^HAMMINGBIRD_(DEADLINE|CANCELLED)$/) // the client's clock may be first, and then it cancels
})

test('server: the engine learns that the caller has gone', async t => {
  const caller = new AbortController()
  let ended: Promise<unknown> = Promise.resolve()
  const engine = engineWith({
    search: (_request, { signal }) => {
      caller.abort(new Error('enough'))
      ended = once(signal!, 'abort').then(() => (signal!.reason as HammingbirdError).code)
      return new Promise(() => {})
    }
  })
  await using at = await loopback({ engine })
  await t.throwsAsync(at.client.search({ id: 'a' }, { signal: caller.signal }), { message: 'enough' })
  t.is(await ended, 'HAMMINGBIRD_CANCELLED')
})

test('server: a fault of ours reaches the caller as a reference and the log as it was', async t => {
  await using at = await loopback({ engine: engineWith({ getItem: async () => { throw new TypeError('internals') } }) })
  const err = await t.throwsAsync(at.client.getItem('a')) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_INTERNAL')
  t.false(err.message.includes('internals'))
  t.true(at.logged[0]!.includes('internals'))
  t.true(at.logged[0]!.includes(/reference (\w+)/.exec(err.message)![1]!))
})

test('publish: answers in the order of the requests, refusals among them, and the stream goes on', async t => {
  const waiting: (() => void)[] = []
  const plain = engineWith({})
  const publish = plain.publish.bind(plain)
  const engine = Object.assign(plain, {
    publish: async (request: PublishRequest) => {
      if (request.id !== '5') await new Promise<void>(resolve => waiting.push(resolve))
      if (waiting.length === 5) for (const go of waiting.toReversed()) go() // the last first
      return publish(request)
    }
  })
  await using at = await loopback({ engine })
  const images = [jpeg(0), Buffer.alloc(0), jpeg(2), jpeg(3), jpeg(4), jpeg(5)].map((image, i) => ({ image, id: i === 3 ? 'a\nb' : String(i) }))
  const answers = []
  for await (const { id, position, refusal } of at.client.publish(images)) answers.push([id, position !== undefined, refusal?.code])
  t.deepEqual(answers, [
    ['0', true, undefined],
    ['1', false, 'HAMMINGBIRD_INVALID'],
    ['2', true, undefined],
    ['a\nb', false, 'HAMMINGBIRD_IMAGE_ID'],
    ['4', true, undefined],
    ['5', true, undefined]
  ])
})

test('publish: who does not take his answers is not read from', async t => {
  let asked = 0
  let sent = 0
  await using at = await loopback({ engine: engineWith({ publish: async () => ({ id: String(asked++), position: { topic: 't', partition: 0, offset: 0 } }) }) })
  function * images () {
    for (; sent < 100_000; sent++) yield { image: jpeg('x'.repeat(1000)) }
  }
  const answers = at.client.publish(images())
  await answers.next()
  for (let before = -1; before !== asked;) { // until nothing moves any more; looking too early would find less, not more
    before = asked
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.true(asked < 300, `${asked} were taken`)
  t.true(sent < 300, `${sent} were sent`)
  t.is((await answers.next()).value?.id, '1', 'and then it goes on')
  await answers.return()
})

test('stream of answers: no more is asked of the engine than the caller takes', async t => {
  let made = 0
  const engine = engineWith({ exportItems: async function * () {
    for (; made < 2000; made++) yield Item.create({ id: String(made), picture: Buffer.alloc(10_000) })
  } })
  await using at = await loopback({ engine })
  const items = at.client.exportItems()
  await items.next()
  for (let before = -1; before !== made;) {
    before = made
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.true(made < 200, `${made} were made`)
  let taken = 1
  for await (const { id } of items) t.is(id, String(taken++))
  t.is(taken, 2000)
})

test('publish: what was answered is let go, however long the stream', async t => {
  const requests: WeakRef<PublishRequest>[] = []
  const engine = engineWith({ publish: async request => {
    requests.push(new WeakRef(request))
    return { id: 'x', position: { topic: 't', partition: 0, offset: 0 } }
  } })
  await using at = await loopback({ engine })
  const images = Array.from({ length: 2000 }, (_, i) => ({ image: jpeg(i) }))
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  let answered = 0
  for await (const _ of at.client.publish(images)) {
    if (++answered < images.length) continue
    collectGarbage()
    const kept = requests.filter(ref => ref.deref()).length
    t.true(kept < 200, `${kept} of ${requests.length} requests are kept while the stream is open`)
  }
})

test('publish: what is wrong with the server ends the stream, after the answers to what came before', async t => {
  const plain = engineWith({})
  const publish = plain.publish.bind(plain)
  const engine = Object.assign(plain, { publish: async (request: PublishRequest) => {
    if (request.id === '2') throw new HammingbirdError('HAMMINGBIRD_LOG_UNAVAILABLE', 'the log is away')
    return publish(request)
  } })
  await using at = await loopback({ engine })
  const answered: string[] = []
  const err = await t.throwsAsync(async () => {
    for await (const { id } of at.client.publish([0, 1, 2, 3].map(i => ({ id: String(i), image: jpeg(i) })))) answered.push(id)
  })
  t.is((err as HammingbirdError).code, 'HAMMINGBIRD_LOG_UNAVAILABLE')
  t.deepEqual(answered, ['0', '1'])
})

test('publish: an unknown collection ends the stream', async t => {
  await using at = await loopback({ engine: engineWith({ publish: async () => { throw notFound('collection', 'nowhere') } }) })
  await t.throwsAsync(async () => { for await (const _ of at.client.publish([{ image: jpeg(1) }])); }, { message: 'there is no collection "nowhere"' })
})

test('server: takes whole images of 16 MiB, and no messages above 17', async t => {
  await using at = await loopback({ client: { timeoutMs: 60_000 } })
  const { hits } = await at.client.search({ image: jpeg('x'.repeat(16 * 1024 * 1024 - 4)) })
  t.deepEqual(hits, [])
  const err = await t.throwsAsync(at.client.search({ image: Buffer.alloc(17 * 1024 * 1024 + 100) })) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_MESSAGE_TOO_LARGE')
})

test('close: calls in hand finish, a stream of requests is answered so far and then told', async t => {
  let release = () => {}
  const held = new Promise<void>(resolve => { release = resolve })
  let searching = () => {}
  const began = new Promise<void>(resolve => { searching = resolve })
  const plain = engineWith({})
  const search = plain.search.bind(plain)
  const engine = Object.assign(plain, { search: async (request: SearchRequest) => {
    searching()
    await held
    return search(request)
  } })
  await using at = await loopback({ engine })
  const stream = at.client.calls.bidi(CatalogServiceService.publish)
  const answers = stream.answers[Symbol.asyncIterator]()
  await stream.send(PublishRequest.create({ id: 'a', image: jpeg(1) }))
  t.is((await answers.next() as IteratorYieldResult<PublishResponse>).value.id, 'a')
  const inHand = at.client.search({ id: 'a' })
  await began

  const closing = at.server.close()
  t.is(at.server.close(), closing)
  const err = await t.throwsAsync(answers.next()) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_NOT_OPEN')
  release()
  t.is((await inHand).hits.length, 1)
  await closing
  const after = await t.throwsAsync(at.client.search({ id: 'a' })) as HammingbirdError
  t.is(after.code, 'HAMMINGBIRD_UNREACHABLE')
})

test('close: what does not finish in time is ended, with NOT_OPEN, though it does not heed its signal', async t => {
  let searching = () => {}
  const began = new Promise<void>(resolve => { searching = resolve })
  await using at = await loopback({ drainMs: 20, engine: engineWith({ search: () => {
    searching()
    return new Promise(() => {})
  } }) })
  const hanging = at.client.search({ id: 'a' })
  await began
  const [err] = await Promise.all([t.throwsAsync(hanging), at.server.close()])
  t.is((err as HammingbirdError).code, 'HAMMINGBIRD_NOT_OPEN')
})

test('close: a watch ends at once', async t => {
  let watching = () => {}
  const began = new Promise<void>(resolve => { watching = resolve })
  const engine = engineWith({ watches: {
    async * watch (_request, signal) {
      watching()
      yield { hit: undefined, name: 'first' }
      await once(signal, 'abort')
    },
    listWatches: async () => ({ watches: [] }),
    deleteWatch: async () => ({})
  } })
  await using at = await loopback({ engine, drainMs: 1_000_000 })
  const watch = collect({ answers: at.client.calls.serverStream(WatchServiceService.watch, WatchRequest.create()), end: () => {} })
  await began
  const [err] = await Promise.all([t.throwsAsync(watch), at.server.close()])
  t.is((err as HammingbirdError).code, 'HAMMINGBIRD_NOT_OPEN')
})

test('open: an address that is taken is said so', async t => {
  await using at = await loopback()
  const err = await t.throwsAsync(GrpcServer.open({ engine: at.engine, log: { error: () => {} }, port: at.server.port })) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_ADDRESS_IN_USE')
})

test('health: the server and each service; who watches is told before the server ends', async t => {
  await using at = await loopback({ drainMs: 1_000_000 })
  const { calls } = at.client
  const check = async (service: string) => (await calls.unary(HealthService.check, { service })).status
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus
  t.is(await check(''), SERVING)
  t.is(await check('hammingbird.v1.SearchService'), SERVING)
  t.is(await check('hammingbird.v1.WatchService'), NOT_SERVING)
  await t.throwsAsync(check('nobody'), { message: /nobody/ })

  const seen: HealthCheckResponse_ServingStatus[] = []
  for await (const { status } of calls.serverStream(HealthService.watch, { service: '' })) {
    seen.push(status)
    if (seen.length === 1) void at.server.close()
  }
  t.deepEqual(seen, [SERVING, NOT_SERVING])
  await at.server.close()
})

test('reflection: lists every service and describes each, with all it needs', async t => {
  await using at = await loopback()
  const proto = join(dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto/grpc/reflection/v1/reflection.proto')
  const definition = loadPackageDefinition(loadSync(proto, { oneofs: true }))
  const { ServerReflection } = (definition['grpc'] as unknown as { reflection: { v1: { ServerReflection: ServiceClientConstructor } } }).reflection.v1
  const client = new ServerReflection(at.server.address, credentials.createInsecure())
  const call = (client as unknown as { serverReflectionInfo (metadata: Metadata): ClientDuplexStream<object, Reflected> }).serverReflectionInfo(new Metadata())
  const ask = async (request: object) => {
    call.write(request)
    const [answer] = await once(call, 'data') as [Reflected]
    return answer
  }
  const names = (await ask({ listServices: '*' })).listServicesResponse!.service.map(({ name }) => name)
  const ours = Object.values(services).map(service => Object.values(service)[0]!.path.split('/')[1]!)
  t.deepEqual(names.toSorted(), [...ours, 'grpc.health.v1.Health'].toSorted())
  for (const name of names) {
    const files = (await ask({ fileContainingSymbol: name })).fileDescriptorResponse!.fileDescriptorProto.map(readFileDescriptor)
    const given = new Set(files.map(file => file.name))
    t.deepEqual(files.flatMap(file => file.imports).filter(file => !given.has(file)), [], `what the file of ${name} imports comes with it`)
  }
  call.end()
  client.close()
})

test('server: a request that is no message of ours is the caller\'s loss alone', async t => {
  await using at = await loopback()
  const raw = new SearchServiceClient(at.server.address, credentials.createInsecure())
  const err = await new Promise<{ code: number } | null>(resolve => raw.makeUnaryRequest('/hammingbird.v1.SearchService/Search', () => Buffer.from('ffffffffff', 'hex'), x => x, {}, err => resolve(err)))
  t.is(err?.code, grpc.INTERNAL)
  raw.close()
  await using other = await HammingbirdClient.open({ server: at.server.address })
  t.is((await other.status()).log, 'embedded')
})

interface Reflected {
  readonly listServicesResponse?: { readonly service: { readonly name: string }[] }
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: Buffer[] }
}

/** Field 1 of a google.protobuf.FileDescriptorProto is its name, field 3 what it imports. */
function readFileDescriptor (bytes: Uint8Array): { readonly name: string, readonly imports: string[] } {
  const reader = new BinaryReader(bytes)
  const imports: string[] = []
  let name = ''
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1) name = reader.string()
    else if (field === 3) imports.push(reader.string())
    else reader.skip(wireType)
  }
  return { name, imports }
}

async function collect<O> ({ answers, end }: { readonly answers: AsyncIterable<O>, end (): void }): Promise<O[]> {
  end()
  const all: O[] = []
  for await (const answer of answers) all.push(answer)
  return all
}
