import { syncBuiltinESMExports } from 'node:module'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { clearWork, holdWork } from '../../cli/work-directory.js'
import { scratch } from '../fixtures/all-in-one.js'

test('work directory: what keeps no work is removed with what was made for it, what keeps some stays', async t => {
  const root = await scratch(t)
  const directory = join(root, 'work', 'one')
  await using held = await holdWork(directory)
  await fs.writeFile(join(directory, 'checkpoint'), 'hours of learning')
  await held[Symbol.asyncDispose]()
  t.true((await fs.readdir(directory)).includes('checkpoint'))
  await using again = await holdWork(directory)
  await clearWork(directory)
  await again[Symbol.asyncDispose]()
  t.deepEqual(await fs.readdir(join(root, 'work')), [])
})

test.serial('work directory: where it cannot be read, what is in it stays', async t => {
  const directory = join(await scratch(t), 'work')
  const held = await holdWork(directory)
  await fs.writeFile(join(directory, 'checkpoint'), 'hours of learning')
  const { readdir } = fs
  try {
    fs.readdir = (() => Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }))) as unknown as typeof readdir
    syncBuiltinESMExports()
    await held[Symbol.asyncDispose]()
  } finally {
    fs.readdir = readdir
    syncBuiltinESMExports()
  }
  t.is(await fs.readFile(join(directory, 'checkpoint'), 'utf8'), 'hours of learning')
})
