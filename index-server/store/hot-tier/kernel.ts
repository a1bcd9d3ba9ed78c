import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

/** What the kernel does with the memory it stands over. Arguments named `…At` are addresses in it. */
export interface Kernel {
  begin (slabAt: number, queryAt: number): void
  /** @returns a `STATUS`. */
  probe (slabAt: number, queryAt: number): number
  /** @returns the entry to go on with. */
  scan (slabAt: number, queryAt: number, from: number, to: number): number
  sortDistinct (slabAt: number, inputAt: number): number
  fileUnder (slabAt: number, t: number): void
  crowding (slabAt: number, t: number): number
  find (slabAt: number, codeAt: number, ordinal: number): number
}

/** What the kernel asks back: whether the search's filter accepts an ordinal. Set before a search that has one. */
export interface Host {
  accepts: (ordinal: number) => boolean
}

let compiled: object | undefined

/** The kernel over a memory. A thread makes one a slab: it takes a fraction of a millisecond, the compiled code is shared. */
export function instantiate (memory: WebAssembly.Memory, host: Host): Kernel {
  compiled ??= compile()
  const imports = { env: { memory }, host: { accepts: (ordinal: number) => host.accepts(ordinal >>> 0) ? 1 : 0 } }
  return new WebAssembly.Instance(compiled, imports).exports as unknown as Kernel
}

/**
 * Compiled by the optimising compiler at once. By default V8 begins with its quick one and changes over when a function
 * has been called often; but a table of millions of codes is built by a few calls, which would all run in slow code.
 */
function compile (): object {
  setFlagsFromString('--no-liftoff')
  try {
    return new WebAssembly.Module(readFileSync(new URL('kernel/kernel.wasm', import.meta.url)))
  } finally {
    setFlagsFromString('--liftoff')
  }
}
