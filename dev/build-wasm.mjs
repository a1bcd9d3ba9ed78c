// Makes the hot tier's kernel.wasm from its AssemblyScript. The result is committed, so that nobody needs to run this who
// has not changed the kernel; `--check` fails when the committed one is not what the sources make.
import asc from 'assemblyscript/asc'
import { readFileSync, writeFileSync } from 'node:fs'

const folder = 'index-server/store/hot-tier/kernel'
const artifact = `${folder}/kernel.wasm`

/** Memory is the caller's, shared between threads; no runtime, for nothing is allocated. */
const options = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'threads',
  '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536']

let made
const { error, stderr } = await asc.main([`${folder}/kernel.as.ts`, ...options, '--outFile', 'kernel.wasm'], {
  writeFile: (name, contents) => { if (name === 'kernel.wasm') made = Buffer.from(contents) }
})
if (error) {
  console.error(stderr.toString())
  process.exit(1)
}
if (!process.argv.includes('--check')) writeFileSync(artifact, made)
else if (!made.equals(readFileSync(artifact))) {
  console.error(`${artifact} is not what its sources make: run \`npm run build:wasm\` and commit it`)
  process.exit(1)
}
