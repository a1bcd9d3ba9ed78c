// npm run bench -- QUESTION [options]: one question a file.
import type { Question } from './question.js'

const questions: Record<string, () => Promise<{ readonly question: Question }>> = {
  search: () => import('./search.js'),
  serve: () => import('./serve.js'),
  load: () => import('./load.js'),
  steady: () => import('./steady.js'),
  append: () => import('./append.js'),
  ingest: () => import('./ingest.js'),
  freshness: () => import('./freshness.js'),
  encode: () => import('./encode.js'),
  'query-wait': () => import('./query-wait.js'),
  'train-step': () => import('./train-step.js'),
  'objective-step': () => import('./objective-step.js'),
  added: () => import('./added.js')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130)) // brokers and servers go with it
const [name = '', ...args] = process.argv.slice(2)
const chosen = questions[name]
if (chosen === undefined) {
  console.log('npm run bench -- QUESTION [options]\n')
  for (const [name, load] of Object.entries(questions)) console.log(`  ${name.padEnd(12)}${(await load()).question.asks}`)
  process.exitCode = name === '' ? 0 : 1
} else {
  await (await chosen()).question.run(args)
}
