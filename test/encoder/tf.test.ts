import test from 'ava'
import { HammingbirdError, codeOf } from '../../errors.js'
import { BACKENDS, openBackend, tf } from '../../encoder/tf.js'
import { nativeSetup } from '../../encoder/backends/native.js'

test.serial('tf: the backend chosen is the fastest that works, and the sentence says why no faster one does', async t => {
  const { name, sentence, skipped } = await openBackend({ gpu: 'auto' })
  t.deepEqual(skipped.map(skip => skip.name), BACKENDS.slice(0, BACKENDS.indexOf(name)))
  for (const { name, reason } of skipped) t.true(sentence.includes(`no ${name}: ${reason}`))
  t.log(sentence)
  if (nativeSetup() !== undefined) t.true(name === 'gpu' || name === 'native')
})

for (const only of ['wasm', 'javascript'] as const) {
  test.serial(`tf: ${only} is always there`, async t => {
    const backend = await openBackend({ only })
    t.is(backend.name, only)
    t.deepEqual(backend.skipped, [])
    t.is(backend.trains, only === 'javascript')
    t.deepEqual([...await tf.range(0, 4).square().data()], [0, 1, 4, 9])
  })
}

test.serial('tf: where a GPU is required and none is there, nothing else is taken', async t => {
  const opened = await openBackend({ gpu: 'required' }).catch((err: unknown) => err)
  if (!(opened instanceof HammingbirdError)) {
    t.is((opened as { name: string }).name, 'gpu')
    return
  }
  t.is(opened.code, 'HAMMINGBIRD_BACKEND')
  t.regex(opened.message, /gpu: /)
  t.false(opened.message.includes('wasm'))
})

test.serial('tf: a GPU switched off is not asked for', async t => {
  const { name, skipped } = await openBackend({ gpu: 'off' })
  t.not(name, 'gpu')
  t.deepEqual(skipped[0], { name: 'gpu', reason: 'switched off' })
})

test.serial('tf: options that cannot be are refused', async t => {
  await t.throwsAsync(openBackend({ gpu: 'yes' as 'auto' }), { instanceOf: RangeError })
  await t.throwsAsync(openBackend({ only: 'cuda' as 'gpu' }), { instanceOf: RangeError })
  const err = await t.throwsAsync(openBackend({ gpu: 'required', only: 'wasm' }))
  t.is(codeOf(err), 'HAMMINGBIRD_BACKEND')
})
