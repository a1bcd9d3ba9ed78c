/**
 * Makes native TensorFlow work, from package registries alone: `npm run setup:native [-- --cuda] [--onnx] [--force]`. With `--onnx`, ONNX
 * Runtime as well, which encodes with less work on a CPU.
 *
 * libtensorflow and its C headers come out of TensorFlow's Python wheel (pip downloads it and installs nothing). They
 * are kept in a cache that survives `npm ci`; the binding of @tensorflow/tfjs-node-gpu, two C++ files, is compiled
 * against them and node-api-headers and put where its package looks for it. The binding's own install script, which
 * downloads from a storage host without a time limit, is never run.
 *
 * Needs Linux, python3 with pip, and g++. Done before: nothing is done.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, homedir, platform } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { setUpOnnx } from './native/onnx.js'
import { need, run, say, SetupError } from './native/steps.js'

const TENSORFLOW = '2.15.1'
/** The wheels are built for one Python each; nothing of Python is used, so any would do. */
const PYTHON = '3.11'

/** Python, for its zip reader: the two libraries, the C headers, and the names of the CUDA wheels they were built with. */
const UNPACK = String.raw`
import os, re, shutil, sys, zipfile
wheel, into = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
library = re.compile(r'tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)$')
header = re.compile(r'tensorflow/include/((?:tensorflow/(?:c|core/platform|tsl)|tsl|xla/tsl)/.*\.h)$')
for name in wheel.namelist():
    if name.endswith('.dist-info/METADATA'):
        wants = [line.split(';')[0][15:] for line in wheel.read(name).decode().splitlines() if line.startswith('Requires-Dist: nvidia-')]
        with open(os.path.join(into, 'cuda.txt'), 'w') as out:
            out.write('\n'.join(re.sub(r'[() ]', '', wheel) for wheel in wants))
        continue
    for folder, pattern in (('lib', library), ('include', header)):
        match = pattern.match(name)
        if match:
            path = os.path.join(into, folder, match.group(1))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with wheel.open(name) as source, open(path, 'wb') as out:
                shutil.copyfileobj(source, out, 1 << 22)
`

const { values: { cuda, onnx, force } } = parseArgs({ options: {
  cuda: { type: 'boolean', default: false },
  onnx: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false }
} })
const require = createRequire(import.meta.url)

const root = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'))
const cache = resolve(process.env['HAMMINGBIRD_CACHE'] ?? join(homedir(), '.cache', 'hammingbird'))

try {
  if (onnx) setUpOnnx(cache, resolve(root, '..', '..')) // works where native TensorFlow does not
  setUp()
} catch (err) {
  if (!(err instanceof SetupError)) throw err
  console.error(`setup:native: ${err.message}`)
  process.exitCode = 1
}

function setUp (): void {
  if (platform() !== 'linux') throw new SetupError(`native TensorFlow is set up on Linux only, this is ${platform()}; without it ONNX Runtime (--onnx) or the slower WebAssembly encodes, and nothing trains`)
  const distribution = cuda ? 'tensorflow' : 'tensorflow-cpu' // the first is compiled with CUDA
  const binding = join(root, 'lib', 'napi-v8', 'tfjs_binding.node')
  const stamp = join(root, 'lib', 'hammingbird.json')
  const library = join(cache, 'libtensorflow', `${distribution}-${TENSORFLOW}-${arch()}`)
  const wanted = JSON.stringify({ distribution, tensorflow: TENSORFLOW, library })
  if (!force && existsSync(binding) && existsSync(library) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    say(`TensorFlow ${TENSORFLOW} is set up already`)
    return
  }
  need('g++', ['--version'], 'a C++ compiler: apt-get install g++')
  const headers = apiHeaders()
  if (!existsSync(library)) fetchLibrary(distribution, library)
  if (cuda && !existsSync(join(library, 'nvidia'))) fetchCuda(library)
  compile(root, library, headers, binding)
  writeFileSync(stamp, wanted)
  say(`TensorFlow ${TENSORFLOW} is set up. What the machine makes of it: hammingbird doctor`)
}

/** Downloads the wheel and keeps what the binding needs of it. Made aside and renamed: an interrupted run leaves no half. */
function fetchLibrary (distribution: string, library: string): void {
  need('python3', ['-m', 'pip', '--version'], 'python3 with pip, which downloads the library: apt-get install python3-pip')
  mkdirSync(dirname(library), { recursive: true })
  const { bavail, bsize } = statfsSync(dirname(library))
  const needed = cuda ? 7e9 : 1.2e9
  if (bavail * bsize < needed) throw new SetupError(`${dirname(library)} has less than ${needed / 1e9} GB free; another place: HAMMINGBIRD_CACHE=DIR`)
  const aside = mkdtempSync(`${library}.`)
  try {
    const machine = arch() === 'arm64' ? 'aarch64' : 'x86_64'
    say(`downloads ${distribution} ${TENSORFLOW} (${cuda ? 475 : 207} MB)`)
    run('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--no-cache-dir',
      '--python-version', PYTHON, '--implementation', 'cp', '--abi', `cp${PYTHON.replace('.', '')}`,
      ...['manylinux_2_17', 'manylinux2014', 'manylinux_2_27'].flatMap(tag => ['--platform', `${tag}_${machine}`]),
      '--dest', aside, `${distribution}==${TENSORFLOW}`], 'pip could not download it: is a package index configured (pip config list)?')
    const wheel = readdirSync(aside).find(file => file.endsWith('.whl'))
    if (wheel === undefined) throw new SetupError('pip downloaded no wheel')
    say('unpacks libtensorflow and its C headers')
    run('python3', ['-c', UNPACK, join(aside, wheel), aside], 'the wheel could not be unpacked')
    rmSync(join(aside, wheel))
    // The names the linker asks for; the loader then asks for the names inside the libraries, which end in .2.
    symlinkSync('libtensorflow_cc.so.2', join(aside, 'lib', 'libtensorflow.so'))
    symlinkSync('libtensorflow_framework.so.2', join(aside, 'lib', 'libtensorflow_framework.so'))
    if (!existsSync(library)) renameSync(aside, library)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** libtensorflow looks for CUDA in ../nvidia beside its own folder, so the wheels it names go there. The driver is the machine's. */
function fetchCuda (library: string): void {
  const wheels = readFileSync(join(library, 'cuda.txt'), 'utf8').split('\n').filter(line => line !== '')
  say(`downloads CUDA: ${wheels.length} wheels (about 3 GB)`)
  const aside = mkdtempSync(`${library}.cuda.`)
  try {
    run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-cache-dir', '--target', aside, ...wheels],
      'pip could not fetch the CUDA wheels')
    if (!existsSync(join(library, 'nvidia'))) renameSync(join(aside, 'nvidia'), join(library, 'nvidia'))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/**
 * Compiles aside and renames, so that a process that has the former binding loaded keeps it. `deps` becomes a folder of
 * links, so that removing node_modules leaves the cache alone.
 */
function compile (root: string, library: string, headers: string, binding: string): void {
  say('compiles the binding')
  mkdirSync(dirname(binding), { recursive: true })
  const aside = mkdtempSync(`${dirname(binding)}.`)
  try {
    const made = join(aside, 'tfjs_binding.node')
    run('g++', ['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION',
      `-I${headers}`, `-I${join(library, 'include')}`, `-I${root}`,
      join(root, 'binding', 'tfjs_backend.cc'), join(root, 'binding', 'tfjs_binding.cc'),
      `-L${join(library, 'lib')}`, '-ltensorflow', '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/../../deps/lib', '-Wl,--allow-shlib-undefined', '-o', made], 'the binding did not compile')
    const deps = join(root, 'deps')
    rmSync(deps, { recursive: true, force: true })
    mkdirSync(deps)
    for (const folder of ['lib', 'include']) symlinkSync(join(library, folder), join(deps, folder))
    renameSync(made, binding)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function apiHeaders (): string {
  try {
    return (require('node-api-headers') as { include_dir: string }).include_dir
  } catch (cause) {
    throw new SetupError('node-api-headers is not installed: run npm ci first', { cause })
  }
}
