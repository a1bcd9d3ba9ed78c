import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { run, say, SetupError } from './steps.js'

const ONNX = '1.30.0'
const FILES = ['package/package.json', 'package/dist']

/**
 * Sets ONNX Runtime up: npm fetches its packages and checks them, and what this system needs of them is kept in the cache, 47 of 290
 * MB. A link in node_modules leads there; none of their install scripts, which fetch what is for GPUs, is run.
 *
 * @param modules the folder node_modules.
 */
export function setUpOnnx (cache: string, modules: string): void {
  const system = `${platform()}-${arch()}`
  const library = join(cache, 'onnxruntime', `${ONNX}-${system}`)
  const link = join(modules, 'onnxruntime-node')
  const target = join(library, 'node_modules', 'onnxruntime-node')
  if (!existsSync(target)) fetchOnnx(library, system)
  if (leadsTo(link) !== target) {
    rmSync(link, { recursive: true, force: true })
    symlinkSync(target, link)
  }
  say(`ONNX Runtime ${ONNX} is set up`)
}

/** Made aside and renamed: an interrupted run leaves no half. */
function fetchOnnx (library: string, system: string): void {
  mkdirSync(dirname(library), { recursive: true })
  const aside = mkdtempSync(`${library}.`)
  try {
    say(`downloads ONNX Runtime ${ONNX} (100 MB)`)
    const binary = `package/bin/napi-v6/${system.replace('-', '/')}`
    for (const [name, files] of [['onnxruntime-common', FILES], ['onnxruntime-node', [...FILES, binary]]] as const) {
      const packed = mkdtempSync(join(aside, 'packed-'))
      run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed, `${name}@${ONNX}`], 'npm could not download it: is a registry configured (npm config get registry)?')
      const into = join(aside, 'node_modules', name)
      mkdirSync(into, { recursive: true })
      run('tar', ['-xzf', join(packed, readdirSync(packed)[0]!), '-C', into, '--strip-components=1', ...files], `ONNX Runtime has no library for ${system}, or its package could not be unpacked`)
      rmSync(packed, { recursive: true })
    }
    if (!existsSync(library)) renameSync(aside, library)
  } catch (err) {
    if (err instanceof SetupError) throw err
    throw new SetupError(`ONNX Runtime could not be put into ${library}`, { cause: err })
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function leadsTo (link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined // nothing, or no link
  }
}
