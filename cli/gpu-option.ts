import { Option, type Command } from 'commander'
import type { GpuUse } from '../encoder/tf.js'

export interface GpuOptions {
  readonly gpu: GpuUse
}

/** Adds `--gpu`: what encodes. */
export function gpuOption (command: Command): Command {
  return command.addOption(new Option('--gpu <use>', 'auto: a GPU where TensorFlow finds one; required: nothing else; off: never').choices(['auto', 'required', 'off']).default('auto').env('HAMMINGBIRD_GPU'))
}

/** To be called before anything encodes: workers get it by their environment, as does what computes in this process. */
export function useGpu ({ gpu }: GpuOptions): void {
  process.env['HAMMINGBIRD_GPU'] = gpu
}
