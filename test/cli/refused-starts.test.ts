import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { makeDirectories, removeEmpty } from '../../cli/made-directories.js'
import { scratch } from '../fixtures/all-in-one.js'
import { hammingbird } from '../fixtures/command-line.js'
import { loopback } from '../fixtures/loopback.js'

/** Nothing listens at this port. */
const NOBODY = '127.0.0.1:1'

test('makeDirectories: says what it made; of that, removeEmpty leaves what something has come into', async t => {
  const directory = await scratch(t)
  const path = (...names: string[]): string => join(directory, ...names)
  t.deepEqual(await makeDirectories(path('a', 'b', 'c')), [path('a'), path('a', 'b'), path('a', 'b', 'c')])
  t.deepEqual(await makeDirectories(path('a', 'b', 'c')), [])
  const made = await makeDirectories(path('a', 'b', 'd', 'e'))
  t.deepEqual(made, [path('a', 'b', 'd'), path('a', 'b', 'd', 'e')])
  await writeFile(path('a', 'b', 'd', 'file'), '')
  await removeEmpty(made)
  t.deepEqual(await readdir(path('a', 'b')), ['c', 'd'])
  t.deepEqual(await readdir(path('a', 'b', 'd')), ['file'])
  await t.throwsAsync(makeDirectories('/proc/hammingbird/data'))
})

test('makeDirectories: several may make the same at once', async t => {
  const directory = await scratch(t)
  for (let round = 0; round < 20; round++) {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeDirectories(join(directory, String(round), 'b', 'c'))))
    t.is(made.flat().length, 3)
  }
})

test('a start that is refused leaves nothing behind', async t => {
  const taken = createServer()
  t.teardown(() => taken.close())
  await new Promise<void>(resolve => { taken.listen(0, '127.0.0.1', resolve) })
  const port = String((taken.address() as AddressInfo).port)
  const directory = await scratch(t)
  const data = join(directory, 'of', 'nobody')
  for (const [args, said] of [
    [['up', '--port', port], /^HAMMINGBIRD_ADDRESS_IN_USE {2}127\.0\.0\.1:\d+ is taken/],
    [['up', '--host', '203.0.113.9'], /^HAMMINGBIRD_INVALID {2}address: .* no such address/],
    [['serve', '--port', port, '--brokers', NOBODY], /^HAMMINGBIRD_ADDRESS_IN_USE/],
    [['serve', '--port', '0', '--brokers', '127.0.0.1'], /^HAMMINGBIRD_INVALID {2}--brokers/],
    [['pipeline', '--brokers', '127.0.0.1'], /^HAMMINGBIRD_INVALID {2}--brokers/],
    [['log', 'copy', '--brokers', NOBODY], /^HAMMINGBIRD_NOT_FOUND/]
  ] as const) {
    const { stderr } = await hammingbird([...args, '--data', data])
    t.regex(stderr, said)
    t.deepEqual(await readdir(directory), [], args.join(' '))
  }
})

test('a start that waits for Kafka, and is ended, leaves nothing behind, but a directory that was there', async t => {
  for (const command of ['serve', 'pipeline']) {
    const directory = await scratch(t)
    await mkdir(join(directory, 'mine'))
    for (const name of ['mine', 'new']) {
      const { code } = await hammingbird([command, '--brokers', NOBODY, '--data', join(directory, name), '--log', 'text', ...command === 'serve' ? ['--port', '0'] : []], {
        told: (soFar, kill) => { if (/nothing listens .*\n/.test(soFar)) kill('SIGINT') }
      })
      t.is(code, 0)
    }
    t.deepEqual(await readdir(directory), ['mine'])
  }
})

test('models fetch: of a version that is not there nothing is left behind', async t => {
  await using at = await loopback()
  const directory = await scratch(t)
  const { code, stderr } = await hammingbird(['models', 'fetch', 'v99', join(directory, 'out')], { server: at.server.address })
  t.not(code, 0, stderr)
  t.deepEqual(await readdir(directory), [])
})
