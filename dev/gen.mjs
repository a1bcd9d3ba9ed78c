// Makes proto/gen from the protos: TypeScript by ts-proto, and a descriptor set for gRPC reflection.
// With --check it makes them aside and fails when the committed ones have drifted.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const GEN = 'proto/gen'

if (process.argv.includes('--check')) {
  const aside = mkdtempSync(join(tmpdir(), 'hammingbird-gen-'))
  try {
    generate(aside)
    const drifted = [...new Set([...list(join(aside, GEN)), ...list(GEN)])].filter(file => !same(join(aside, GEN, file), join(GEN, file)))
    if (drifted.length > 0) {
      console.error(`proto/gen has drifted from the protos: ${drifted.join(', ')}. Run: npm run gen`)
      process.exitCode = 1
    }
  } finally {
    rmSync(aside, { recursive: true })
  }
} else {
  generate('.')
}

function generate (into) {
  buf('generate', '--output', into)
  buf('build', '--as-file-descriptor-set', '--exclude-path', 'proto/onnx', '--output', join(into, GEN, 'descriptors.binpb'))
}

function buf (...args) {
  const { status } = spawnSync('node_modules/.bin/buf', args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function list (folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

function same (a, b) {
  return existsSync(a) && existsSync(b) && readFileSync(a).equals(readFileSync(b))
}
