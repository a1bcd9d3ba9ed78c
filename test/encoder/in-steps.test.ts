import test from 'ava'
import { inSteps } from '../../encoder/in-steps.js'

test('in steps: yields at each step, returns what the work returns, throws what it throws', async t => {
  const steps = inSteps(async step => {
    await step()
    await step()
    return 'done'
  })
  t.deepEqual(await steps.next(), { done: false, value: 0 })
  t.deepEqual(await steps.next(), { done: false, value: 0 })
  t.deepEqual(await steps.next(), { done: true, value: 'done' })
  const broken = new Error('broken')
  const breaking = inSteps(async step => {
    await step()
    throw broken
  })
  await breaking.next()
  await t.throwsAsync(breaking.next(), { is: broken })
})
