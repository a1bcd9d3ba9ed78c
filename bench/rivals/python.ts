import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { installPython } from './python-environment.js'

/** Beside the evaluation data. */
export const RIVAL = resolve(process.env['HAMMINGBIRD_RIVAL'] ?? join(import.meta.dirname, '../../../../shared/rivals/python'))

/** What the stages of the Python rival say of themselves. */
export interface RivalStages {
  readonly versions: Readonly<Record<string, string>>
  readonly stages: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/**
 * Runs stages of what is built with Python instead: Kafka, Pillow, ResNet-20 on ONNX Runtime, FAISS, gRPC.
 *
 * @param python a Python that has what its requirements.txt names: `installRival` makes one.
 * @param directory where it lies.
 */
export async function pythonRival (python: string, stages: readonly string[], options: readonly string[], directory = RIVAL): Promise<RivalStages> {
  const work = await mkdtemp(join(tmpdir(), 'hammingbird-rival-'))
  try {
    const file = join(work, 'result.json')
    const child = spawn(python, [join(directory, 'bench.py'), ...stages, ...options, '--out', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, RIVAL_WORK: resolve('.cache/rival/work'), PYTHONDONTWRITEBYTECODE: '1' }
    })
    const [code] = await once(child, 'exit') as [number | null]
    if (code !== 0) throw new Error(`the rival ended with code ${code}: what it said stands above`)
    return JSON.parse(await readFile(file, 'utf8')) as RivalStages
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Makes the Python that the rival needs, in .cache.
 *
 * @returns undefined where there is no rival.
 */
export function installRival (directory = RIVAL): string | undefined {
  if (!existsSync(join(directory, 'bench.py'))) return undefined
  return installPython('python-rival', readFileSync(join(directory, 'requirements.txt'), 'utf8').split('\n').filter(Boolean))
}
