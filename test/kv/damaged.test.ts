import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { RocksKeyValue } from '../../kv/rocks.js'
import { tempDirectory } from '../fixtures/temp-directory.js'

const ROWS = 3000

function key (i: number): Buffer {
  return Buffer.from(`key-${String(i).padStart(5, '0')}`)
}

/** Bytes that do not compress, so that they are found in the file as they are. */
function value (i: number): Buffer {
  return createHash('sha256').update(String(i)).digest()
}

/** A directory whose rows lie in one file, and that file with one bit of the value of row `damaged` flipped. */
async function damage (t: ExecutionContext, damaged: number): Promise<string> {
  const directory = tempDirectory(t)
  {
    await using kv = await RocksKeyValue.open({ directory })
    await kv.write(Array.from({ length: ROWS }, (_, i) => ({ type: 'put', key: key(i), value: value(i) })))
    await kv.compact({})
  }
  const files = readdirSync(directory).filter(name => name.endsWith('.sst')).map(name => join(directory, name))
  const file = files.find(name => readFileSync(name).includes(value(damaged).subarray(8, 24)))!
  const bytes = readFileSync(file)
  bytes[bytes.indexOf(value(damaged).subarray(8, 24))]! ^= 4
  writeFileSync(file, bytes)
  return directory
}

for (const damaged of [0, 1234, ROWS - 1]) {
  test(`a bit flipped in row ${damaged}: whatever reads it says so, and gives no other value`, async t => {
    await using kv = await RocksKeyValue.open({ directory: await damage(t, damaged) })
    const expected = { code: 'HAMMINGBIRD_FORMAT', message: /damaged on the disk: block checksum mismatch.*\.sst/ }
    for (const options of [{}, { reverse: true }, { runLength: 1 }, { values: false }]) {
      const given: number[] = []
      await t.throwsAsync(async () => {
        for await (const run of kv.iterate({}, options)) {
          for (const { key, value: read } of run) {
            const i = Number(key.toString().slice(4))
            given.push(i)
            if (!('values' in options)) t.deepEqual(read, value(i))
          }
        }
      }, expected)
      t.false(given.includes(damaged))
    }
    await t.throwsAsync(async () => { for await (const _ of kv.iterate({ gte: key(damaged) }, { limit: 1 })); }, expected)
    await t.throwsAsync(kv.get(key(damaged)), expected)
    await t.throwsAsync(kv.getMany([key(500), key(damaged)]), expected)
    // The other blocks are whole.
    for (const whole of [600, 2000]) {
      t.deepEqual(await kv.get(key(whole)), value(whole))
      for await (const run of kv.iterate({ gte: key(whole) }, { limit: 10 })) t.is(run.length, 10)
    }
  })
}
