import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { nativeSetup } from '../encoder/backends/native.js'
import { loadOnnx } from '../encoder/onnx/runtime.js'
import { BACKENDS, openBackend, type BackendName } from '../encoder/tf.js'

const run = promisify(execFile)

/** `hammingbird doctor`: what this machine has for encoding and training, and what to do for more. */
export function doctor (): Command {
  return new Command('doctor')
    .description('say what this machine has for encoding and training, and what to do for more')
    .action(async () => {
      for (const line of await examine()) console.log(line)
    })
}

/** The lines `doctor` prints. Each backend is started, and has to multiply two matrices. */
export async function examine (): Promise<string[]> {
  const lines = [
    `machine     ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform}-${process.arch}, Node ${process.versions.node}${vectors()}`,
    `device      ${await graphics()}`
  ]
  const works = new Map<BackendName, string>()
  for (const only of BACKENDS) {
    const verdict = await openBackend({ only, gpu: 'auto' }).then(({ sentence }) => {
      works.set(only, sentence)
      return sentence
    }, (err: Error) => err.message.replace(/^no TensorFlow backend: \w+: /, 'no: '))
    lines.push(`${only.padEnd(12)}${verdict}`)
  }
  const onnx = onnxRuntime()
  lines.push(`onnx        ${onnx ?? 'no: not set up'}`)
  lines.push(`library     ${nativeSetup()?.library ?? 'native TensorFlow is not set up'}`, '', ...await advice(works, onnx !== undefined))
  return lines
}

/** What encodes beside TensorFlow. */
function onnxRuntime (): string | undefined {
  try {
    return `ONNX Runtime ${loadOnnx().version} on the CPU, encodes where no GPU does; cannot train`
  } catch {
    return undefined
  }
}

async function advice (works: ReadonlyMap<BackendName, string>, onnx: boolean): Promise<string[]> {
  if (works.has('gpu')) return ['A GPU computes. Nothing to do.']
  const advice = []
  if (!onnx) advice.push('Encoding takes a third to two thirds less of a processor with ONNX Runtime: npm run setup:native -- --onnx')
  if (!works.has('native')) {
    advice.push(onnx ? 'Nothing can be trained. For native TensorFlow: npm run setup:native' : 'Encoding runs on WebAssembly and nothing can be trained. For native TensorFlow: npm run setup:native')
    for (const [command, args, remedy] of TOOLS) {
      if (!await run(command, [...args]).then(() => true, () => false)) advice.push(`  first: ${remedy}`)
    }
  }
  if (existsSync('/proc/driver/nvidia/version') && nativeSetup()?.distribution !== 'tensorflow') {
    advice.push('There is an NVIDIA driver. For TensorFlow on the GPU: npm run setup:native -- --cuda')
  }
  return advice.length === 0 ? ['ONNX Runtime encodes and native TensorFlow trains on the CPU. Nothing to do.'] : advice
}

const TOOLS = [
  ['g++', ['--version'], 'apt-get install g++'],
  ['python3', ['-m', 'pip', '--version'], 'apt-get install python3-pip']
] as const

async function graphics (): Promise<string> {
  if (!existsSync('/proc/driver/nvidia/version')) return 'no NVIDIA driver'
  return run('nvidia-smi', ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'])
    .then(({ stdout }) => stdout.trim().replaceAll('\n', '; '), () => 'an NVIDIA driver, but nvidia-smi does not answer')
}

/** Whether the processor has the wide instructions that TensorFlow's kernels were written for. */
function vectors (): string {
  if (!existsSync('/proc/cpuinfo')) return ''
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
  const found = ['avx512f', 'avx2'].find(flag => flags.includes(flag))
  return found === undefined ? '' : `, ${found}`
}
