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
  | { readonly kind: 'probe', readonly slab: SlabRef, readonly search: Suspended }
  /** Several searches over the same codes. */
  | { readonly kind: 'scan', readonly slab: SlabRef, readonly searches: readonly Suspended[], readonly from: number, readonly to: number }
  | { readonly kind: 'forget', readonly ids: readonly number[] }

/** A search as it goes from thread to thread. */
export interface Suspended {
  readonly suspended: Uint8Array
  readonly accept: AcceptSet | undefined
  /** Whether only how many there are at each distance is wanted. */
  readonly countOnly: boolean
}

/** How far a thread has brought a search, and what it found on the way. */
export interface Searched {
  readonly status: number
  /** Records of `FOUND`; or, counted only, how many codes at each distance: bits + 1 elements. */
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
  /** Of each search. */
  readonly searched?: readonly Searched[]
  readonly failed?: string
}

/** Of a scan for many: less than a core's own cache holds. */
const BLOCK_BYTES = 256 * 1024

const slabs = new Map<number, Slab>()

parentPort?.on('message', ({ id, thread, job }: Request) => {
  try {
    const searched = run(job, thread)
    // What was found changes hands: a copy of it would be made in the caller's event loop.
    parentPort?.postMessage({ id, searched } satisfies Reply, searched.map(({ found }) => found.buffer as ArrayBuffer))
  } catch (err) {
    parentPort?.postMessage({ id, failed: err instanceof Error ? err.stack ?? err.message : String(err) } satisfies Reply)
  }
})

function run (job: Job, thread: number): readonly Searched[] {
  switch (job.kind) {
    case 'build':
      build(slabOf(job.target), job.sources.map(slabOf), job.horizon, job.chunks)
      return []
    case 'forget':
      for (const id of job.ids) slabs.delete(id)
      return []
    case 'probe':
      return [probe(job, thread)]
    case 'scan':
      return scan(job, thread)
  }
}

function probe ({ slab: ref, search }: Extract<Job, { kind: 'probe' }>, thread: number): Searched {
  const context = new Context(slabOf(ref), thread)
  resume(context, search)
  const gathered = gathering(context.slab, search)
  let status: number
  do {
    status = context.probe(Infinity)
    gathered.take(context)
  } while (status === STATUS.full)
  return { status, found: gathered.all(), reach: context.reach, ...context.sinceResumed(), suspended: context.suspend() }
}

/** Goes over the codes once, block by block: what a block's first search brings into the cache serves all of them. */
function scan ({ slab: ref, searches, from, to }: Extract<Job, { kind: 'scan' }>, thread: number): readonly Searched[] {
  const slab = slabOf(ref)
  const context = new Context(slab, thread)
  const block = searches.length === 1 ? to - from : Math.floor(BLOCK_BYTES / slab.codeBytes)
  const underWay = searches.map(search => ({ ...search, gathered: gathering(slab, search), reach: 0, candidates: 0 }))
  for (let at = from; at < to; at += block) {
    const end = Math.min(to, at + block)
    for (const search of underWay) {
      resume(context, search)
      for (let entry = at; entry < end;) {
        entry = context.scan(entry, end)
        search.gathered.take(context)
      }
      search.reach = context.reach
      search.candidates += context.sinceResumed().candidates
      search.suspended = context.suspend()
    }
  }
  return underWay.map(({ suspended, gathered, reach, candidates }) => ({ status: STATUS.complete, found: gathered.all(), reach, buckets: 0, candidates, suspended }))
}

/** What a search finds on its way, in the form it goes back in. */
interface Gathered {
  take (context: Context): void
  all (): Uint32Array
}

function gathering ({ bits }: Slab, { countOnly }: Suspended): Gathered {
  if (countOnly) {
    const tally = new Uint32Array(bits + 1)
    return { take: context => { context.tallyInto(tally) }, all: () => tally }
  }
  const found: Uint32Array[] = []
  return { take: context => { found.push(context.drain()) }, all: () => concat(found) }
}

function resume (context: Context, { suspended, accept }: Pick<Suspended, 'suspended' | 'accept'>): void {
  context.slab.host.accepts = accepting(accept) ?? (() => true)
  context.resume(suspended)
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
