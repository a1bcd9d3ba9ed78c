// Makes dist/ from the sources: each .ts becomes one .js in the same place, nothing is bundled. It takes under a
// second, and nothing when dist/ is newer than every source, so every script that runs code begins with it and nobody
// runs a stale dist/. Types are tsc's business (npm run lint).
import { build } from 'esbuild'
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folders = ['hamming', 'kv', 'log', 'topics', 'workers', 'decoder', 'encoder', 'registry', 'operators', 'pipeline', 'client',
  'index-server', 'trainer', 'evaluation', 'cli', 'telemetry', 'bench', 'dev', 'test', 'proto/gen']
/** Files that are read at run time and must lie beside the code. */
const assets = /\.(wasm|binpb|json|html|css|svg)$/

const files = ['errors.ts', ...folders.filter(folder => existsSync(folder)).flatMap(folder =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name)))]

const signature = files.map(file => `${file} ${statSync(file).mtimeMs}`).join('\n')
const stamp = 'dist/.sources'
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === signature) process.exit(0)

// Made aside and then renamed: a server that runs from dist/ meanwhile finds either the old files or the new ones.
const fresh = `dist.${process.pid}`
await build({
  entryPoints: files.filter(file => /(?<!\.as|\.d)\.ts$/.test(file)),
  outdir: fresh,
  outbase: '.',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning'
})
for (const file of files) if (assets.test(file)) cpSync(file, join(fresh, file))
writeFileSync(join(fresh, '.sources'), signature)
const old = `dist.old.${process.pid}`
if (existsSync('dist')) renameSync('dist', old)
renameSync(fresh, 'dist')
rmSync(old, { recursive: true, force: true })
