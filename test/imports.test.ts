import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import test from 'ava'

/** Which folders a folder may import from, beside itself (ARCHITECTURE.md draws the same). Composition roots may import all. */
const allowed: Record<string, readonly string[]> = {
  'errors.ts': [],
  hamming: [],
  proto: [],
  kv: ['errors.ts'],
  log: ['errors.ts', 'kv'],
  topics: ['errors.ts', 'log', 'proto'],
  registry: ['errors.ts', 'hamming', 'proto', 'log', 'topics'],
  workers: ['errors.ts'],
  decoder: ['errors.ts', 'registry', 'workers'],
  encoder: ['errors.ts', 'hamming', 'proto', 'registry', 'workers'],
  operators: ['errors.ts'],
  telemetry: ['errors.ts'],
  client: ['errors.ts', 'proto'],
  pipeline: ['errors.ts', 'hamming', 'kv', 'log', 'topics', 'registry', 'encoder', 'decoder', 'operators', 'proto'],
  'index-server': ['errors.ts', 'hamming', 'kv', 'log', 'topics', 'registry', 'encoder', 'decoder', 'operators', 'proto'],
  trainer: ['errors.ts', 'hamming', 'registry', 'decoder', 'encoder', 'client', 'proto'],
  evaluation: ['errors.ts', 'hamming', 'registry', 'decoder', 'encoder', 'trainer', 'client', 'proto']
}
const roots = new Set(['cli', 'bench', 'dev', 'examples', 'test'])

/** Which packages have one door. */
const doors: Record<string, RegExp> = {
  rocksdb: /^kv\/rocks-binding\.ts$/,
  kafkajs: /^(log|dev)\/kafka/,
  sharp: /^(decoder|dev|bench|test)\//,
  '@tensorflow/': /^(encoder|trainer)\//,
  rxjs: /^(operators|registry|pipeline|index-server|test)\//
}

const sources = readdirSync('.', { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.as.ts'))
  .map(entry => join(entry.parentPath, entry.name))
  .filter(file => !/^(node_modules|dist|\.cache|proto\/gen)/.test(file))

const imports = sources.flatMap(file =>
  [...readFileSync(file, 'utf8').matchAll(/(?:^|\s)(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"\n]+)['"]|import\(['"]([^'"\n]+)['"]\)/gm)]
    .map(match => ({ file, specifier: match[1] ?? match[2]! })))

test('imports: point only along the arrows of ARCHITECTURE.md', t => {
  t.true(imports.length > 10, 'the imports were found')
  const wrong = imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ file, specifier }) => ({ file, from: top(file), to: top(normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts')) }))
    .filter(({ from, to }) => from !== to && !roots.has(from) && !(allowed[from]?.includes(to) ?? false))
    .map(({ file, to }) => `${file} imports ${to}`)
  t.deepEqual(wrong, [])
})

test('imports: each foreign package comes in by its one door', t => {
  const wrong = imports
    .flatMap(({ file, specifier }) => Object.entries(doors)
      .filter(([name, door]) => (specifier === name || specifier.startsWith(`${name}/`) || (name.endsWith('/') && specifier.startsWith(name))) && !door.test(file))
      .map(() => `${file} imports ${specifier}`))
  t.deepEqual(wrong, [])
})

function top (file: string): string {
  return file.split('/')[0]!
}
