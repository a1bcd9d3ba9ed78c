import test from 'ava'
import fc from 'fast-check'
import { prefixRange, type Entry, type KeyValue, type Operation, type Range } from '../../kv/key-value.js'
import { tempDirectory } from '../fixtures/temp-directory.js'

const bytes = (text: string) => Buffer.from(text)
const put = (key: string, value: string): Operation => ({ type: 'put', key: bytes(key), value: bytes(value) })
const del = (key: string): Operation => ({ type: 'del', key: bytes(key) })

async function all (runs: AsyncIterable<readonly Entry[]>): Promise<string[]> {
  const entries: string[] = []
  for await (const run of runs) entries.push(...run.map(({ key, value }) => `${key}=${value}`))
  return entries
}

/** What every key-value store must do, whatever keeps it. Each one's test file calls this. */
export function keyValueSuite (name: string, open: (directory: string) => Promise<KeyValue>): void {
  test(`${name}: gets what was put, and nothing for what was deleted or never was`, async t => {
    await using kv = await open(tempDirectory(t))
    await kv.write([put('a', '1'), put('b', '2'), put('c', '')])
    await kv.write([del('b'), del('unknown')])
    t.deepEqual(await kv.get(bytes('a')), bytes('1'))
    t.is(await kv.get(bytes('b')), undefined)
    t.deepEqual(await kv.get(bytes('c')), bytes(''))
    t.deepEqual(await kv.getMany(['c', 'b', 'a', 'nobody', 'a'].map(bytes)), [bytes(''), undefined, bytes('1'), undefined, bytes('1')])
    t.deepEqual(await kv.getMany([]), [])
  })

  test(`${name}: of two operations of one write on a key the last counts`, async t => {
    await using kv = await open(tempDirectory(t))
    await kv.write([put('a', '1'), del('a'), put('b', '1'), put('b', '2')])
    t.deepEqual(await all(kv.iterate({})), ['b=2'])
  })

  test(`${name}: takes any bytes, and plain Uint8Arrays that lie inside larger ones`, async t => {
    await using kv = await open(tempDirectory(t))
    const around = Uint8Array.from({ length: 256 }, (_, i) => i)
    await kv.write([{ type: 'put', key: around.subarray(0, 3), value: around.subarray(250) }, { type: 'put', key: around.subarray(255), value: around }])
    t.deepEqual(await kv.get(Uint8Array.of(0, 1, 2)), Buffer.from([250, 251, 252, 253, 254, 255]))
    t.deepEqual(await kv.get(Uint8Array.of(255)), Buffer.from(around))
  })

  test(`${name}: keeps what it was given at the call, not what a buffer became`, async t => {
    await using kv = await open(tempDirectory(t))
    const value = bytes('before')
    const written = kv.write([{ type: 'put', key: bytes('a'), value }])
    value.write('after!')
    await written
    t.deepEqual(await kv.get(bytes('a')), bytes('before'))
  })

  test(`${name}: a write after something begins when that has ended, with what it was given at the call`, async t => {
    await using kv = await open(tempDirectory(t))
    const value = bytes('before')
    let end!: () => void
    const written = kv.write([{ type: 'put', key: bytes('a'), value }], { after: new Promise<void>(resolve => { end = resolve }) })
    value.write('after!')
    await kv.write([put('b', '1')])
    t.is(await kv.get(bytes('a')), undefined)
    end()
    await written
    t.deepEqual(await all(kv.iterate({})), ['a=before', 'b=1'])
  })

  test(`${name}: a write after something that fails fails with it, and writes nothing`, async t => {
    await using kv = await open(tempDirectory(t))
    const failure = new Error('the former one')
    t.is(await t.throwsAsync(kv.write([put('a', '1')], { after: Promise.reject(failure) })), failure)
    t.is(await t.throwsAsync(kv.write([], { after: Promise.reject(failure) })), failure)
    await kv.write([put('b', '1')])
    t.deepEqual(await all(kv.iterate({})), ['b=1'])
  })

  test(`${name}: refuses an empty key`, async t => {
    await using kv = await open(tempDirectory(t))
    await t.throwsAsync(kv.write([put('a', '1'), put('', '2')]), { instanceOf: TypeError })
    await t.throwsAsync(kv.get(bytes('')), { instanceOf: TypeError })
    await t.throwsAsync(kv.getMany([bytes('a'), bytes('')]), { instanceOf: TypeError })
    t.deepEqual(await all(kv.iterate({})), [], 'nothing of the refused write is there')
  })

  test(`${name}: does what a sorted map does, also after it was reopened`, async t => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 3, min: 0, max: 255 })
    const bound = fc.option(key, { nil: undefined })
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('del' as const), key }) }
    )
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), operations: fc.array(operation, { maxLength: 12 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('iterate' as const), gte: bound, lt: bound, reverse: fc.boolean(), limit: fc.option(fc.nat(5), { nil: undefined }), runLength: fc.integer({ min: 1, max: 4 }), values: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), keys: fc.array(key, { maxLength: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), gte: bound, lt: bound }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), gte: bound, lt: bound }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) }
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
      const directory = tempDirectory(t)
      const model = new Map<string, Buffer>()
      let kv = await open(directory)
      for (const step of steps) {
        if (step.kind === 'write') {
          await kv.write(step.operations)
          for (const operation of step.operations) {
            if (operation.type === 'put') model.set(hex(operation.key), Buffer.from(operation.value))
            else model.delete(hex(operation.key))
          }
        } else if (step.kind === 'get') {
          t.deepEqual(await kv.getMany(step.keys), step.keys.map(key => model.get(hex(key))))
          for (const key of step.keys) t.deepEqual(await kv.get(key), model.get(hex(key)))
        } else if (step.kind === 'iterate') {
          const { limit, reverse, runLength, values } = step
          const runs: (readonly Entry[])[] = []
          for await (const run of kv.iterate(rangeOf(step), { reverse, runLength, values, ...(limit !== undefined && { limit }) })) runs.push(run)
          t.true(runs.every(run => run.length > 0 && run.length <= runLength))
          const inOrder = within(model, step).sort((a, b) => a < b ? -1 : 1)
          const expected = (reverse ? inOrder.reverse() : inOrder).slice(0, limit)
          t.deepEqual(runs.flat().map(({ key }) => hex(key)), expected)
          if (values) t.deepEqual(runs.flat().map(({ value }) => value), expected.map(key => model.get(key)!))
        } else if (step.kind === 'clear') {
          await kv.clear(rangeOf(step))
          for (const key of within(model, step)) model.delete(key)
        } else if (step.kind === 'compact') {
          await kv.compact(rangeOf(step))
        } else {
          await kv.close()
          kv = await open(directory)
        }
      }
      await kv.close()
    }), { numRuns: 40 })
  })

  test(`${name}: iterating sees the moment of the call`, async t => {
    await using kv = await open(tempDirectory(t))
    await kv.write(Array.from({ length: 2500 }, (_, i) => put(`k${String(i).padStart(4, '0')}`, 'old')))
    const runs = kv.iterate({}, { runLength: 100 })
    await kv.write([put('k0000', 'new'), del('k1000'), put('k9999', 'new')])
    const seen: string[] = []
    for await (const run of runs) {
      seen.push(...run.map(({ key, value }) => `${key}=${value}`))
      await kv.write([put('k2499', 'new')])
    }
    t.is(seen.length, 2500)
    t.true(seen.every(entry => entry.endsWith('=old')))
  })

  test(`${name}: iterating may be left early`, async t => {
    await using kv = await open(tempDirectory(t))
    await kv.write(Array.from({ length: 5000 }, (_, i) => put(`k${i}`, 'value')))
    for await (const run of kv.iterate({}, { runLength: 10 })) {
      t.is(run.length, 10)
      break
    }
    kv.iterate({}) // and never begun
  })

  test(`${name}: large values come in short runs`, async t => {
    await using kv = await open(tempDirectory(t))
    const mebibyte = Buffer.alloc(2 ** 20, 7)
    await kv.write(Array.from({ length: 12 }, (_, i) => ({ type: 'put', key: Buffer.from([i]), value: mebibyte }) as const))
    const sizes: number[] = []
    for await (const run of kv.iterate({})) sizes.push(run.reduce((sum, { value }) => sum + value.length, 0))
    t.is(sizes.reduce((sum, size) => sum + size, 0), 12 * 2 ** 20)
    t.true(Math.max(...sizes) <= 4 * 2 ** 20)
  })

  test(`${name}: writes asked for at once are all done, in order`, async t => {
    const directory = tempDirectory(t)
    const kv = await open(directory)
    const done: number[] = []
    await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      await kv.write([put('last', String(i)), put(`n${i}`, String(i))], { sync: i % 3 === 0 })
      done.push(i)
    }))
    t.deepEqual(done, Array.from({ length: 200 }, (_, i) => i))
    await kv.close()
    await using again = await open(directory)
    t.deepEqual(await again.get(bytes('last')), bytes('199'))
    t.is((await all(again.iterate(prefixRange(bytes('n'))))).length, 200)
  })

  test(`${name}: clears more than one step's worth, and only the range`, async t => {
    await using kv = await open(tempDirectory(t))
    const keyOf = (i: number) => `m${String(i).padStart(6, '0')}`
    for (let from = 0; from < 120_000; from += 10_000) await kv.write(Array.from({ length: 10_000 }, (_, i) => put(keyOf(from + i), 'v')))
    await kv.write([put('a', '1'), put('z', '1')])
    await kv.clear({ gte: bytes(keyOf(10)), lt: bytes('n') })
    t.deepEqual(await all(kv.iterate({}, { values: false })), ['a=', ...Array.from({ length: 10 }, (_, i) => `${keyOf(i)}=`), 'z='])
  })

  test(`${name}: knows roughly how much a range takes, and gives it back`, async t => {
    await using kv = await open(tempDirectory(t))
    const random = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 7919 + (i >> 3) * 104729) & 0xff))
    await kv.write(Array.from({ length: 200 }, (_, i) => ({ type: 'put', key: bytes(`a${i}`), value: Buffer.concat([random.subarray(i), bytes(String(i))]) }) as const))
    await kv.compact({})
    const before = await kv.approximateBytes(prefixRange(bytes('a')))
    t.true(before > 10_000, `${before} bytes`)
    t.true(await kv.approximateBytes({ gte: bytes('b') }) < before / 10)
    await kv.clear(prefixRange(bytes('a')))
    await kv.compact({})
    t.true(await kv.approximateBytes({}) < before / 10)
  })

  test(`${name}: refuses everything after close, which may be called twice`, async t => {
    const kv = await open(tempDirectory(t))
    await kv.write([put('a', '1')])
    const started = kv.iterate({})[Symbol.asyncIterator]()
    const written = kv.write([put('b', '1')])
    await Promise.all([kv.close(), kv.close(), written])
    const closed = { code: 'HAMMINGBIRD_NOT_OPEN' }
    await t.throwsAsync(kv.get(bytes('a')), closed)
    await t.throwsAsync(kv.getMany([bytes('a')]), closed)
    await t.throwsAsync(kv.write([put('a', '2')]), closed)
    await t.throwsAsync(kv.clear({}), closed)
    await t.throwsAsync(kv.compact({}), closed)
    await t.throwsAsync(kv.approximateBytes({}), closed)
    await t.throwsAsync(all(started as AsyncGenerator<readonly Entry[]>), closed)
    await t.throwsAsync(async () => all(kv.iterate({})), closed)
  })

  test(`${name}: a directory that is open is refused`, async t => {
    const directory = tempDirectory(t)
    await using kv = await open(directory)
    await t.throwsAsync(open(directory), { code: 'HAMMINGBIRD_LOCKED' })
    await kv.write([put('a', '1')])
    t.deepEqual(await kv.get(bytes('a')), bytes('1'))
  })
}

function hex (key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}

function rangeOf ({ gte, lt }: { gte: Uint8Array | undefined, lt: Uint8Array | undefined }): Range {
  return { ...(gte && { gte }), ...(lt && { lt }) }
}

function within (model: ReadonlyMap<string, Buffer>, { gte, lt }: { gte: Uint8Array | undefined, lt: Uint8Array | undefined }): string[] {
  return [...model.keys()].filter(key => (!gte || key >= hex(gte)) && (!lt || key < hex(lt)))
}
