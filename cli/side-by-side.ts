import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { EncoderPoolOptions } from '../encoder/pool.js'
import type { GpuUse } from '../encoder/tf.js'

/** Each holds every model that is loaded. */
const MOST = 4

/**
 * Encoders for a process in which nobody waits for one picture: as many as there are cores, each with a core to itself. Batches side by
 * side get more done than the threads of one batch, which wait for each other where other processes want the cores too.
 * On a GPU one encoder has it to itself.
 *
 * @param wanted how many. @default one a core, 4 at most; one where there is a GPU
 */
export function sideBySide (gpu: GpuUse, wanted?: number): Pick<EncoderPoolOptions, 'workers' | 'env'> {
  const cores = availableParallelism()
  const onGpu = gpu !== 'off' && existsSync('/proc/driver/nvidia/version')
  const workers = wanted ?? (onGpu ? 1 : Math.min(MOST, cores))
  return { workers, env: { TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(cores / workers))) } }
}
