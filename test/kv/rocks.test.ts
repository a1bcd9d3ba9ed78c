import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { RocksKeyValue } from '../../kv/rocks.js'
import { tempDirectory } from '../fixtures/temp-directory.js'
import { keyValueSuite } from '../suites/key-value.js'

keyValueSuite('RocksKeyValue', directory => RocksKeyValue.open({ directory }))

const writer = fileURLToPath(new URL('../fixtures/key-value-writer.js', import.meta.url))
const DISK_LIMIT = 8 * 2 ** 20

test('RocksKeyValue: a process killed while it writes leaves whole writes, in order, all acknowledged ones among them', async t => {
  const directory = tempDirectory(t)
  let floor = -1
  for (const killAt of [1, 40, 200]) {
    const child = spawn(process.execPath, [writer, directory, '1000', '8', '1000000'])
    t.teardown(() => child.kill('SIGKILL'))
    let acknowledged = -1
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Math.max(acknowledged, Number(line.split(' ')[1]))
      if (acknowledged >= killAt) child.kill('SIGKILL')
    }
    await using kv = await RocksKeyValue.open({ directory })
    const last = Number(await kv.get(Buffer.from('last')))
    t.true(last >= acknowledged, `${last} is there, ${acknowledged} was acknowledged`)
    const there = await kv.getMany(Array.from({ length: last + 20 }, (_, i) => Buffer.from(`b${i}`)))
    const beside = await kv.getMany(Array.from({ length: last + 20 }, (_, i) => Buffer.from(`a${i}`)))
    floor = Math.max(floor, last)
    for (const [i, value] of there.entries()) {
      if (i <= last) t.is(value?.toString(), String(i))
      else if (i > floor) t.is(value, undefined)
      t.is(beside[i] === undefined, value === undefined, 'a write is whole')
    }
  }
})

test('RocksKeyValue: a directory another process has open is refused until that process has gone', async t => {
  const directory = tempDirectory(t)
  const child = spawn(process.execPath, [writer, directory, '10', '1', '1000000'])
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await t.throwsAsync(RocksKeyValue.open({ directory }), { code: 'HAMMINGBIRD_LOCKED', message: /another process/ })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await (await RocksKeyValue.open({ directory })).close()
})

// A limit on the size of files stands for the full disk: both make a write end in the middle of a record.
test('RocksKeyValue: a disk that refuses is told, leaves reading possible, and writing goes on when there is room', async t => {
  if (process.platform !== 'linux' || spawnSync('prlimit', ['--version']).error) {
    t.log('not run: there is no prlimit on this machine')
    t.pass()
    return
  }
  const directory = tempDirectory(t)
  const child = spawn('prlimit', [`--fsize=${DISK_LIMIT}:unlimited`, process.execPath, writer, directory, '100000', '1', '300'])
  t.teardown(() => child.kill('SIGKILL'))
  const lines = linesOf(child)
  let line = await lines()
  while (line.startsWith('wrote')) line = await lines()
  t.regex(line, /^refused HAMMINGBIRD_STORAGE 0 .*limit on the size of files/)
  spawnSync('prlimit', ['--fsize=unlimited', `--pid=${child.pid}`])
  while (line !== 'closed') {
    if (line.startsWith('refused')) child.stdin!.write('go on\n')
    line = await lines()
  }
  await using kv = await RocksKeyValue.open({ directory })
  const there = await kv.getMany(Array.from({ length: 301 }, (_, i) => Buffer.from(`b${i}`)))
  t.deepEqual(there.map(value => value?.toString()), [...Array.from({ length: 300 }, (_, i) => String(i)), undefined])
})

test('RocksKeyValue: a directory that cannot be made is a storage error that names it', async t => {
  const file = join(tempDirectory(t), 'file')
  writeFileSync(file, '')
  await t.throwsAsync(RocksKeyValue.open({ directory: join(file, 'below') }), { code: 'HAMMINGBIRD_STORAGE', message: /below/ })
})

test('RocksKeyValue: sizes out of range are refused', async t => {
  const directory = tempDirectory(t)
  for (const bytes of [0, -1, 1.5, 2 ** 32]) {
    await t.throwsAsync(RocksKeyValue.open({ directory, cacheBytes: bytes }), { instanceOf: RangeError })
    await t.throwsAsync(RocksKeyValue.open({ directory, writeBufferBytes: bytes }), { instanceOf: RangeError })
  }
})

function linesOf (child: ChildProcess): () => Promise<string> {
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the writer ended: ${child.exitCode ?? child.signalCode}`)
    return value
  }
}
