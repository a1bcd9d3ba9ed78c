import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { newsOf, Progress, progressLine, type ProgressFacts } from '../../cli/up-progress.js'

const folder = { files: 206, published: 206, unchanged: 0, deleted: 0, held: 0, scanned: true }
const facts = (coded: number, more: Partial<ProgressFacts> = {}): ProgressFacts => ({ folders: [folder], coded, waiting: 0, setAside: 1, lagMs: 0, ...more })

test('up: a progress line says what is there, and how fast where it moves', t => {
  t.is(progressLine(facts(205), 0), '205 of 206 searchable · 1 set aside')
  t.is(progressLine(facts(100, { waiting: 105, lagMs: 2400 }), 41), '100 of 206 searchable · 41 images/s · 1 set aside · 2 s behind')
  t.is(newsOf(facts(205, { lagMs: 4999 }), 5000), newsOf(facts(205), 5000))
  t.not(newsOf(facts(205, { lagMs: 5000 }), 5000), newsOf(facts(205), 5000))
})

test('up: elsewhere than on a terminal a line comes when something has changed, and only then', async t => {
  const behind = { lagMs: 90_000_000 } // for longer than from one line to the next
  const moments = [facts(100), facts(205), facts(205), facts(205), facts(205, behind), facts(205, behind), facts(205), facts(204), facts(204)]
  const out = new PassThrough() as PassThrough & NodeJS.WriteStream
  const told = text(out)
  const alive = setInterval(() => {}, 1000) // the line of progress keeps no process alive
  t.teardown(() => { clearInterval(alive) })
  await new Promise<void>(resolve => {
    const progress = new Progress({ out, everyMs: 5, facts: async () => {
      const now = moments.shift()
      if (now !== undefined) return now
      progress[Symbol.dispose]()
      resolve()
      throw new Error('closed')
    } })
    t.teardown(() => { progress[Symbol.dispose]() })
  })
  out.end()
  t.deepEqual((await told).replaceAll(/ · [\d,]+ images\/s/g, '').split('\n'), [
    '100 of 206 searchable · 1 set aside',
    '205 of 206 searchable · 1 set aside',
    '205 of 206 searchable · 1 set aside · 90000 s behind',
    '205 of 206 searchable · 1 set aside',
    '204 of 206 searchable · 1 set aside',
    ''
  ])
})
