import { readdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import test from 'ava'
import { drawnPictures } from '../../dev/pictures.js'
import { hammingbird } from '../fixtures/command-line.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'

test('restore: says where it writes, takes a directory that nobody named only while no collection is in it, and makes none for what is no snapshot', async t => {
  t.timeout(120_000)
  const directory = await realpath(await scratch(t))
  const { client, close } = await openAllInOne(t, join(directory, 'a'))
  for await (const { bytes } of drawnPictures()) {
    for await (const { refusal } of client.publish([{ id: 'one', image: bytes }])) t.is(refusal, undefined)
    break
  }
  await until(async () => (await client.status()).versions[0]?.coded === 1)
  const file = join(directory, 'snapshot')
  const archive = await buffer(Readable.from(client.snapshot()))
  await writeFile(file, archive)
  await writeFile(join(directory, 'cut'), archive.subarray(0, -1))
  await close()

  const cwd = await realpath(await scratch(t))
  const restore = (...args: string[]) => hammingbird(['restore', ...args], { cwd, env: { HAMMINGBIRD_DATA: '' } })
  const damaged = await restore(join(directory, 'cut'))
  t.is(damaged.code, 1)
  t.regex(damaged.stderr, /^HAMMINGBIRD_FORMAT {2}the snapshot cannot be used: /)
  t.deepEqual(await readdir(cwd), [])

  const first = await restore(file)
  t.is(first.code, 0, first.stderr)
  t.is(first.stderr, `restoring collection default into ${cwd}/hammingbird-data\n`)
  t.true(first.stdout.includes(`is in ${cwd}/hammingbird-data, `))

  const second = await restore(file)
  t.is(second.code, 1)
  t.regex(second.stderr, /HAMMINGBIRD_ALREADY_EXISTS {2}.*\/hammingbird-data has collections already \(default\), and nothing was written to it: .*--data/)

  // One that is named may have others, not the same.
  const named = await restore(file, '--data', 'hammingbird-data')
  t.is(named.code, 1)
  t.regex(named.stderr, /HAMMINGBIRD_ALREADY_EXISTS {2}collection default is there: nothing was written to it/)
  t.is((await restore(file, '--data', 'elsewhere')).code, 0)
})
