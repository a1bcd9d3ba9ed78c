import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HammingbirdClient } from '../../client/index.js'
import { drawnPictures } from '../../dev/pictures.js'
import { scratch, until } from '../fixtures/all-in-one.js'

const MAIN = join(import.meta.dirname, '../../cli/main.js')

/** `hammingbird up` as a person starts it. */
class Up {
  readonly #child: ChildProcess
  out = ''
  err = ''

  constructor (t: ExecutionContext, args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'up', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout!.on('data', (data: Buffer) => { this.out += data.toString() })
    this.#child.stderr!.on('data', (data: Buffer) => { this.err += data.toString() })
    t.teardown(() => this.#child.kill('SIGKILL'))
  }

  /** The address it says it listens at. */
  async address (): Promise<string> {
    await until(() => /gRPC +\S+/.test(this.out) || this.#child.exitCode !== null)
    return /gRPC +(\S+)/.exec(this.out)?.[1] ?? `ended: ${this.err}`
  }

  interrupt (): void {
    this.#child.kill('SIGINT')
  }

  async exitCode (): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }
}

async function folderOfPictures (directory: string): Promise<string> {
  const folder = join(directory, 'pictures')
  for await (const { id, bytes, labels } of drawnPictures()) {
    if (labels[0] !== 'boat') continue
    await mkdir(join(folder, 'boat'), { recursive: true })
    await writeFile(join(folder, id), bytes)
  }
  await writeFile(join(folder, 'broken.jpg'), 'no picture')
  return folder
}

test('up: indexes a folder, says how to search, ends well on Ctrl-C, and goes on where it was', async t => {
  t.timeout(300_000)
  const directory = await scratch(t)
  const folder = await folderOfPictures(directory)
  const args = [folder, '--data', join(directory, 'data'), '--port', '0', '--decoders', '1']

  const first = new Up(t, args)
  const client = await HammingbirdClient.open({ server: await first.address() })
  await until(async () => (await client.status()).versions[0]?.coded === 12 && (await client.status()).setAside === 1)
  const { hits } = await client.search({ id: 'boat/03.png', k: 2 })
  t.is(hits[0]!.id, 'boat/03.png')
  t.regex(first.out, /hammingbird search/)
  const { position } = await client.getItem('boat/03.png')

  const second = new Up(t, args)
  t.not(await second.exitCode(), 0)
  t.is(second.err.match(/--data/g)?.length, 1, second.err)
  t.regex(second.err, /HAMMINGBIRD_LOCKED/)

  await client.close()
  first.interrupt()
  t.is(await first.exitCode(), 0)
  t.deepEqual(first.err.split('\n').filter(line => line !== '' && !line.startsWith('{"level":30,')), [], 'nothing but what it says of itself')

  const third = new Up(t, args)
  const again = await HammingbirdClient.open({ server: await third.address() })
  await until(async () => (await again.status()).versions[0]?.coded === 12)
  t.deepEqual((await again.getItem('boat/03.png')).position, position)
  await writeFile(join(folder, 'boat', 'new.png'), 'not a picture yet')
  await until(async () => (await again.status()).setAside === 2)
  const { workers } = await again.status()
  t.is(workers.find(({ kind }) => kind === 'encoder')?.done, 0, 'nothing was encoded twice')
  await again.close()
  third.interrupt()
  t.is(await third.exitCode(), 0)
})

test('up: without a folder it starts on pictures it draws, one of which can be searched with', async t => {
  t.timeout(300_000)
  const directory = await scratch(t)
  const up = new Up(t, ['--data', join(directory, 'data'), '--port', '0', '--decoders', '1'])
  await using client = await HammingbirdClient.open({ server: await up.address() })
  await until(async () => (await client.status()).versions[0]?.coded === 96)
  t.is((await client.search({ id: 'fish/01.png', k: 1 })).hits[0]!.id, 'fish/01.png')
  up.interrupt()
  t.is(await up.exitCode(), 0)
})

test('up: says what is wrong with a folder, a flag, a data directory', async t => {
  const directory = await scratch(t)
  await writeFile(join(directory, 'file'), '')
  for (const [args, said] of [
    [[join(directory, 'nowhere'), '--data', join(directory, 'data'), '--port', '0'], /nowhere: there is no such folder/],
    [[join(directory, 'file'), '--data', join(directory, 'data'), '--port', '0'], /that is a file, and a folder is watched/],
    [['--bits', '7'], /--bits.*multiple of 8/],
    [['--prot', '1'], /--prot/],
    [['--data', join(directory, 'file', 'below')], /--data/],
    [['--data', ''], /--data: the name of a directory/],
    [[directory, '--data', `${directory}/.`], /--data: .* is the folder of pictures itself/],
    [['--data', '/proc/hammingbird/data'], /--data/],
    [['--data', join(directory, 'elsewhere'), '--host', '203.0.113.9'], /no such address/]
  ] as const) {
    const up = new Up(t, args)
    t.not(await up.exitCode(), 0)
    t.regex(up.err, said)
    t.notRegex(up.err, /\n\s+at /, 'no stack trace')
  }
  t.deepEqual((await readdir(directory)).filter(name => name === 'log' || name === 'index'), [], 'nothing is written among pictures')
})
