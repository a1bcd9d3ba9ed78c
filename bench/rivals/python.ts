import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const SHARED = resolve(process.env['HAMMINGBIRD_RIVAL'] ?? join(import.meta.dirname, '../../../../shared/rivals/python'))

/** What the stages of the Python rival say of themselves. */
export interface RivalStages {
  readonly versions: Readonly<Record<string, string>>
  readonly stages: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/**
 * Runs stages of what is built with Python instead: Kafka, Pillow, ResNet-20 on ONNX Runtime, FAISS, gRPC.
 *
 * @param python a Python that has what its requirements.txt names.
 */
export async function pythonRival (python: string, stages: readonly string[], options: readonly string[]): Promise<RivalStages> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-rival-'))
  try {
    const file = join(directory, 'result.json')
    const child = spawn(python, [join(SHARED, 'bench.py'), ...stages, ...options, '--out', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, RIVAL_WORK: resolve('.cache/rival/work'), PYTHONDONTWRITEBYTECODE: '1' }
    })
    const [code] = await once(child, 'exit') as [number | null]
    if (code !== 0) throw new Error(`the rival ended with code ${code}: what it said stands above`)
    return JSON.parse(await readFile(file, 'utf8')) as RivalStages
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
