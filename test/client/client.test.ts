import { createServer } from 'node:net'
import test from 'ava'
import { HammingbirdClient } from '../../client/index.js'
import { HammingbirdError } from '../../errors.js'
import { GrpcServer } from '../../index-server/server.js'
import { engineWith, jpeg, loopback } from '../fixtures/loopback.js'
import { PlainEngine } from '../fixtures/plain-engine.js'

const silent = { error: () => {} }

test('client: is what the package exports as hammingbird/client', async t => {
  const name: string = 'hammingbird/client'
  t.is((await import(name) as { HammingbirdClient: unknown }).HammingbirdClient, HammingbirdClient)
})

test('open: refuses at once where nobody listens', async t => {
  const err = await t.throwsAsync(HammingbirdClient.open({ server: '127.0.0.1:1' })) as HammingbirdError
  t.like(err, { code: 'HAMMINGBIRD_UNREACHABLE', message: 'no server answers at 127.0.0.1:1', retryable: true })
})

test('open: gives up on what listens and says nothing', async t => {
  const mute = createServer(socket => { t.teardown(() => socket.destroy()) })
  const port = await new Promise<number>(resolve => mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port)))
  const err = await t.throwsAsync(HammingbirdClient.open({ server: `127.0.0.1:${port}`, connectTimeoutMs: 100 })) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_UNREACHABLE')
  mute.close()
})

test('open: waits for a server that is starting, when told to', async t => {
  const first = await GrpcServer.open({ engine: new PlainEngine(), log: silent, port: 0 })
  const { port, address } = first
  await first.close()
  const opening = HammingbirdClient.open({ server: address, waitMs: 60_000 })
  await using _second = await GrpcServer.open({ engine: new PlainEngine(), log: silent, port })
  await using client = await opening
  t.is((await client.status()).log, 'embedded')
})

test('client: a lost server is an error of the call, and a new one is found again', async t => {
  const first = await GrpcServer.open({ engine: new PlainEngine(), log: silent, port: 0 })
  await using client = await HammingbirdClient.open({ server: first.address })
  await first.close()
  t.is((await t.throwsAsync(client.status()) as HammingbirdError).code, 'HAMMINGBIRD_UNREACHABLE')
  await using _second = await GrpcServer.open({ engine: new PlainEngine(), log: silent, port: first.port })
  for (;;) {
    const answer = await client.status().catch((err: HammingbirdError) => err)
    if (!(answer instanceof HammingbirdError)) break
    t.is(answer.code, 'HAMMINGBIRD_UNREACHABLE') // until the connection is tried again
  }
  t.pass()
})

test('client: after close calls are refused', async t => {
  await using at = await loopback()
  await at.client.close()
  t.is((await t.throwsAsync(at.client.status()) as HammingbirdError).code, 'HAMMINGBIRD_NOT_OPEN')
  await t.throwsAsync(at.client.publish([{ image: jpeg(1) }]).next(), { message: 'the client is closed' })
})

test('client: a signal that has aborted already sends nothing', async t => {
  await using at = await loopback({ engine: engineWith({ status: async () => { throw new Error('asked') } }) })
  await t.throwsAsync(at.client.status({ signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
  t.deepEqual(at.logged, [])
})

test('client: what the server finds wrong comes with the field', async t => {
  await using at = await loopback()
  const err = await t.throwsAsync(at.client.search({ id: 'a', filter: { anyLabels: ['ok', ''] } })) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_INVALID')
  t.false(err.retryable)
  t.is(err.violations[0]!.field, 'filter.any_labels[1]')
  t.true(err.message.startsWith('filter.any_labels[1]: '))
})

test('publish: what no server takes is refused here, in its place, and the stream goes on', async t => {
  await using at = await loopback()
  const large = Buffer.alloc(16 * 1024 * 1024 + 1)
  const images = [large, jpeg(1), large, large, jpeg(4), large].map((image, i) => ({ id: String(i), image }))
  const answers: [string, string | undefined][] = []
  for await (const { id, refusal, image } of at.client.publish(images)) {
    t.is(image.id, id)
    answers.push([id, refusal?.code])
  }
  const tooLarge = 'HAMMINGBIRD_IMAGE_TOO_LARGE'
  t.deepEqual(answers, [['0', tooLarge], ['1', undefined], ['2', tooLarge], ['3', tooLarge], ['4', undefined], ['5', tooLarge]])
})

test('publish: when the images fail, so does it, after what was answered', async t => {
  await using at = await loopback()
  async function * images () {
    yield { id: 'a', image: jpeg(1) }
    throw new RangeError('no more')
  }
  await t.throwsAsync(async () => { for await (const _ of at.client.publish(images())); }, { instanceOf: RangeError, message: 'no more' })
})

test('publish: stopping early stops reading, and the client goes on', async t => {
  await using at = await loopback()
  let read = 0
  let ended = false
  async function * images () {
    try {
      for (; ; read++) yield { id: String(read), image: jpeg(read) }
    } finally {
      ended = true
    }
  }
  for await (const { id } of at.client.publish(images())) if (id === '5') break
  const before = read
  t.is((await at.client.status()).log, 'embedded')
  t.true(read - before <= 1)
  t.true(ended || read < 300)
})

test('publish: a signal ends it with its reason', async t => {
  await using at = await loopback()
  const caller = new AbortController()
  async function * images () {
    yield { id: 'a', image: jpeg(1) }
    await new Promise(() => {}) // a camera that shows nothing any more
  }
  const answers = at.client.publish(images(), { signal: caller.signal })
  t.is((await answers.next()).value?.id, 'a')
  const next = answers.next()
  caller.abort(new Error('enough'))
  await t.throwsAsync(next, { message: 'enough' })
})

test('publish: gives up on an answer that does not come, and says what that leaves open', async t => {
  const engine = engineWith({})
  const first = engine.publish.bind(engine)
  await using at = await loopback({ engine: Object.assign(engine, { publish: (request: { readonly id: string }) => request.id === 'a' ? first(request as never) : new Promise<never>(() => {}) }), client: { timeoutMs: 200 } })
  const answers = at.client.publish([{ id: 'a', image: jpeg(1) }, { id: 'b', image: jpeg(2) }])
  t.is((await answers.next()).value?.id, 'a')
  const err = await t.throwsAsync(answers.next()) as HammingbirdError
  t.is(err.code, 'HAMMINGBIRD_DEADLINE')
  t.regex(err.message, /publish them again/)
})

test('searchPages: every page once, as one answer', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish(Array.from({ length: 7 }, (_, i) => ({ id: String(i), image: jpeg(i) }))));
  const pages: number[] = []
  for await (const { hits } of at.client.searchPages({ id: '0', radius: 64, pageSize: 3 })) pages.push(hits.length)
  t.deepEqual(pages, [3, 3, 1])
})

test('exportItems: live items in order of id, labelled ones where asked, with pictures where asked', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish([{ id: 'b', image: jpeg(1), labels: ['x'] }, { id: 'a', image: jpeg(2) }, { id: 'c', image: jpeg(3), labels: ['y'] }]));
  const ids = async (request: Parameters<HammingbirdClient['exportItems']>[0]) => {
    const all: string[] = []
    for await (const { id, picture } of at.client.exportItems(request)) all.push(`${id}${picture.length}`)
    return all
  }
  t.deepEqual(await ids({}), ['a0', 'b0', 'c0'])
  t.deepEqual(await ids({ labelled: true, pictures: true }), ['b5', 'c5'])
  t.deepEqual(await ids({ afterId: 'b' }), ['c0'])
})

test('exportItems: leaving early ends the call on the server', async t => {
  let left = () => {}
  const ended = new Promise<void>(resolve => { left = resolve })
  const plain = new PlainEngine()
  await using at = await loopback({ engine: Object.assign(plain, { exportItems: async function * (_request: unknown, signal: AbortSignal) {
    signal.addEventListener('abort', () => left())
    for (;;) yield plain.getItem({ collection: '', id: 'a', picture: false })
  } }) })
  for await (const _ of at.client.publish([{ id: 'a', image: jpeg(1) }]));
  for await (const item of at.client.exportItems()) {
    t.is(item.id, 'a')
    break
  }
  await ended
  t.pass()
})
