import { parentPort } from 'node:worker_threads'
import { accepting, type AcceptSet } from '../code-store.js'
import { build } from './build.js'
import { Context } from './context.js'
import { STATUS } from './layout.js'
import { Slab } from './slab.js'

/** A slab as it is sent to a thread. The memory goes along the first time; after that the thread knows it by its id. */
export interface SlabRef {
  readonly id: number
  readonly contexts: number
  readonly memory?: WebAssembly.Memory
}

export type Job =
  | { readonly kind: 'build', readonly target: SlabRef, readonly sources: readonly SlabRef[], readonly horizon: number, readonly chunks: number | undefined }
  | { readonly kind: 'probe', readonly slab: SlabRef, readonly suspended: Uint8Array, readonly accept: AcceptSet | undefined }
  | { readonly kind: 'scan', readonly slab: SlabRef, readonly suspended: Uint8Array, readonly accept: AcceptSet | undefined, readonly from: number, readonly to: number }
  | { readonly kind: 'forget', readonly ids: readonly number[] }

/** How far a thread has brought a search, and what it found on the way. */
export interface Searched {
  readonly status: number
  /** Records of `FOUND`. */
  readonly found: Uint32Array
  /** As many as are asked for are known within this. */
  readonly reach: number
  readonly buckets: number
  readonly candidates: number
  readonly suspended: Uint8Array
}

export interface Request {
  readonly id: number
  /** The thread's place in each slab. */
  readonly thread: number
  readonly job: Job
}

export interface Reply {
  readonly id: number
  readonly searched?: Searched | undefined
  readonly failed?: string
}

const slabs = new Map<number, Slab>()

parentPort?.on('message', ({ id, thread, job }: Request) => {
  try {
    const searched = run(job, thread)
    parentPort?.postMessage({ id, searched } satisfies Reply)
  } catch (err) {
    parentPort?.postMessage({ id, failed: err instanceof Error ? err.stack ?? err.message : String(err) } satisfies Reply)
  }
})

function run (job: Job, thread: number): Searched | undefined {
  switch (job.kind) {
    case 'build':
      build(slabOf(job.target), job.sources.map(slabOf), job.horizon, job.chunks)
      return undefined
    case 'forget':
      for (const id of job.ids) slabs.delete(id)
      return undefined
    case 'probe':
      return search(job, thread, context => context.probe(Infinity))
    case 'scan': {
      let entry = job.from
      return search(job, thread, context => {
        entry = context.scan(entry, job.to)
        return entry < job.to ? STATUS.full : STATUS.complete
      })
    }
  }
}

function search ({ slab: ref, suspended, accept }: Extract<Job, { suspended: Uint8Array }>, thread: number, step: (context: Context) => number): Searched {
  const slab = slabOf(ref)
  slab.host.accepts = accepting(accept) ?? (() => true)
  const context = new Context(slab, thread)
  context.resume(suspended)
  const drained: Uint32Array[] = []
  let status: number
  do {
    status = step(context)
    drained.push(context.drain())
  } while (status === STATUS.full)
  return { status, found: concat(drained), reach: context.reach, ...context.sinceResumed(), suspended: context.suspend() }
}

function slabOf ({ id, contexts, memory }: SlabRef): Slab {
  let slab = slabs.get(id)
  if (slab === undefined) slabs.set(id, slab = new Slab(memory!, contexts))
  slab.view()
  return slab
}

function concat (arrays: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}
