import { getEventListeners } from 'node:events'
import test from 'ava'
import { unlessEnded } from '../../cli/unless-ended.js'

const never = new Promise<void>(() => {})

test('unlessEnded: tells what came, was rejected, came in the grace, or did not come', async t => {
  const controller = new AbortController()
  const { signal } = controller
  t.true(await unlessEnded(Promise.resolve(), signal))
  const reason = new Error('not open')
  t.is(await t.throwsAsync(unlessEnded(Promise.reject(reason), signal)), reason)
  let open = (): void => {}
  const inTime = unlessEnded(new Promise<void>(resolve => { open = resolve }), signal, 60_000)
  const tooLate = unlessEnded(never, signal)
  controller.abort()
  t.false(await tooLate)
  open()
  t.true(await inTime)
  t.false(await unlessEnded(never, signal))
  t.true(await unlessEnded(Promise.resolve(), signal, 60_000))
})

test('unlessEnded: however often something is waited for, nothing stays on the signal', async t => {
  const { signal } = new AbortController()
  for (let i = 0; i < 20; i++) {
    await unlessEnded(Promise.resolve(), signal)
    await t.throwsAsync(unlessEnded(Promise.reject(new Error('away')), signal))
  }
  t.is(getEventListeners(signal, 'abort').length, 0)
})
