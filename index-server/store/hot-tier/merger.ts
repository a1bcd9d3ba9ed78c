import type { Code } from '../../../hamming/code.js'
import type { Part } from './part.js'
import { Shard } from './shard.js'
import { slabCapacity, type Slab } from './slab.js'
import { Tail } from './tail.js'
import type { Threads } from './threads.js'

/** While it is smaller than this, the young shard is rebuilt with each merge: some tens of milliseconds' work. */
const YOUNG_CODES = 131_072
/** How many times smaller than the last old shard the young one stays. */
const YOUNG_SHARE = 16
/** Once no change has come for so long, what is scattered is merged, so that a search has one place to look … */
const PAUSE_MS = 1000
/** … where it is so many codes, and this share of what it is merged with. */
const SCATTERED_CODES = 1024
const SCATTERED_SHARE = 1 / 128
/** A shard of which this share was removed is rebuilt for that alone. */
const REMOVED_SHARE = 1 / 4

interface Removal {
  readonly code: Code
  readonly ordinal: number
  readonly sequence: number
}

export interface MergerOptions {
  readonly bits: number
  readonly threads: Threads
  readonly sequence: () => number
  /** What was removed by this sequence may be forgotten. */
  readonly horizon: () => number
  /** How many codes are scanned before they are merged. */
  readonly tailCodes: number
  readonly chunks: number | undefined
  readonly onError: (err: unknown) => void
}

/**
 * Where codes lie, and how they move: from the tail into the young shard, from there into an old one, each time by
 * building a slab anew in another thread. What is built often is small, and what is large is built seldom. Searches
 * never wait: they read what stood there when they began.
 */
export class Merger {
  /** Codes come in here. */
  #tail: Tail
  /** What was the tail when the merge in hand began; else it waits to be the next tail. */
  #settling: Tail
  readonly #young: Shard
  readonly #old: Shard[] = []
  /** Removals since the merge in hand began: what is being built may have read a code before it was removed. */
  #missed: Removal[] | undefined
  /** Whether the settling tail holds codes that are in no shard yet. */
  #unsettled = false
  #merging: Promise<boolean> | undefined
  #closed = false
  #changedAtMs = 0
  #pause: NodeJS.Timeout | undefined
  /** Made anew when something has moved. */
  #parts: readonly Part[] | undefined

  constructor (private readonly options: MergerOptions) {
    this.#tail = new Tail(options.bits)
    this.#settling = new Tail(options.bits)
    this.#young = this.#makeShard()
  }

  /** What is searched, from the largest on. */
  get parts (): readonly Part[] {
    return this.#parts ??= [...this.#old, this.#young, ...this.#unsettled ? [this.#settling] : [], this.#tail].map(({ part }) => part)
  }

  get anyRemoved (): boolean {
    return this.#tail.removed + this.#young.removed + (this.#unsettled ? this.#settling.removed : 0) > 0 || this.#old.some(({ removed }) => removed > 0)
  }

  get heldBytes (): number {
    return this.#slabs().reduce((sum, slab) => sum + slab.memory.buffer.byteLength, 0)
  }

  add (code: Code, ordinal: number): void {
    this.#tail.add(code, ordinal)
  }

  /** @returns whether the ordinal was there. */
  remove (code: Code, ordinal: number, sequence: number): boolean {
    this.#missed?.push({ code: code.slice(), ordinal, sequence })
    return this.#tail.remove(ordinal, sequence) ||
      (this.#unsettled && this.#settling.remove(ordinal, sequence)) ||
      this.#young.remove(code, ordinal, sequence) ||
      this.#old.some(shard => shard.remove(code, ordinal, sequence))
  }

  /** Begins a merge where one is due and none is in hand. */
  mergeIfDue (): void {
    if (this.#merging !== undefined || this.#closed) return
    if (this.#tail.slots >= this.options.tailCodes) return this.#beginAside(() => this.#mergeTail(this.#targetOfTail()))
    const worn = this.#worn()
    if (worn !== undefined) this.#beginAside(() => this.#rebuild(worn))
  }

  /** Call after each change: when none follows, all is merged. */
  awaitPause (): void {
    this.#changedAtMs = performance.now()
    this.#pause ??= setTimeout(() => { this.#paused() }, PAUSE_MS).unref()
  }

  /** Makes room while much is loaded: merges once the tail holds about what a shard can, so that each is built once. */
  async takeIn (): Promise<void> {
    if (this.#tail.slots >= slabCapacity(this.options.bits) * 0.9) await this.compact()
  }

  /** Merges everything, and drops what was removed and no snapshot needs. */
  async compact (): Promise<void> {
    while (this.#merging !== undefined) await this.#merging
    await this.#begin(async () => {
      const loaded = this.#tail.slots > YOUNG_CODES
      while (this.#unsettled || this.#tail.slots + this.#young.slots > 0) await this.#mergeTail(this.#oldWithRoom())
      if (loaded) this.#replaceTails()
      for (const shard of this.#old) if (shard.removed > 0) await this.#rebuild(shard)
    })
  }

  /** Waits for the merge in hand; no other begins. */
  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#pause)
    while (this.#merging !== undefined) await this.#merging
    this.options.threads.forget(this.#slabs())
  }

  #paused (): void {
    this.#pause = undefined
    if (this.#closed) return
    if (this.#merging !== undefined || performance.now() - this.#changedAtMs < PAUSE_MS) {
      this.#pause = setTimeout(() => { this.#paused() }, PAUSE_MS).unref()
      return
    }
    const scattered = this.#tail.slots + this.#young.slots
    if (scattered < Math.max(SCATTERED_CODES, (this.#old.at(-1)?.slots ?? 0) * SCATTERED_SHARE)) return
    this.#beginAside(() => this.#mergeTail(this.#oldWithRoom()))
  }

  /** Where the tail goes: to the young shard while that stays small beside the old, else all goes to an old one. */
  #targetOfTail (): Shard {
    const most = Math.max(YOUNG_CODES, (this.#old.at(-1)?.slots ?? 0) / YOUNG_SHARE)
    return this.#young.slots + this.#tail.slots <= most ? this.#young : this.#oldWithRoom()
  }

  #oldWithRoom (): Shard {
    const last = this.#old.at(-1)
    const coming = this.#young.slots + (this.#unsettled ? this.#settling.slots : this.#tail.slots)
    if (last !== undefined && last.slots + coming <= slabCapacity(this.options.bits)) return last
    const shard = this.#makeShard()
    this.#old.push(shard)
    return shard
  }

  /** A shard worth a rebuild for what was removed from it, all of which can be dropped since it was built last. */
  #worn (): Shard | undefined {
    return [this.#young, ...this.#old].find(shard => shard.removed > Math.max(this.options.tailCodes, shard.slots * REMOVED_SHARE) &&
      this.options.horizon() >= shard.builtAt)
  }

  async #mergeTail (target: Shard): Promise<void> {
    const young = target === this.#young ? [] : [this.#young]
    await Promise.all([this.#settling.part, target.spare, this.#young.spare].map(part => part.idle()))
    if (!this.#unsettled) { // else the last merge failed: it is tried again with what it had
      this.#settling.clear();
      [this.#tail, this.#settling] = [this.#settling, this.#tail]
      this.#unsettled = true
      this.#parts = undefined
    }
    await this.#build(target, [...young, this.#settling], () => {
      this.#unsettled = false
      for (const shard of young) shard.clear()
    })
  }

  async #rebuild (shard: Shard): Promise<void> {
    await shard.spare.idle()
    await this.#build(shard, [], () => {})
  }

  /** Builds a shard anew with what `others` hold too. Searches read the old state before `done`, the new one after it, and none between. */
  async #build (target: Shard, others: readonly (Shard | Tail)[], done: () => void): Promise<void> {
    const sources = [target, ...others]
    const before = sum(sources, source => source.slots)
    const missed: Removal[] = []
    this.#missed = missed
    try {
      target.builtAt = this.options.sequence()
      await this.options.threads.build(target.spare.slab, sources.map(source => source.part.slab), this.options.horizon(), this.options.chunks)
      const dropped = before - target.spare.slab.slots
      target.swap()
      target.removed = sum(sources, source => source.removed) - dropped
      for (const { code, ordinal, sequence } of missed) target.part.slab.remove(code, ordinal, sequence)
      done()
      this.#parts = undefined
    } finally {
      this.#missed = undefined
    }
  }

  /** Does one piece of merging after another; who changes codes meanwhile only adds to the tail. */
  async #begin (merge: () => Promise<void>): Promise<void> {
    const merging = merge()
    const settled = merging.then(() => true, () => false)
    this.#merging = settled
    const succeeded = await settled
    this.#merging = undefined
    if (succeeded) this.mergeIfDue() // a failed one waits for the next change
    await merging
  }

  #beginAside (merge: () => Promise<void>): void {
    this.#begin(merge).catch(this.options.onError)
  }

  /** After a load the tails are much larger than they will ever be again. */
  #replaceTails (): void {
    const outgrown = [this.#settling, ...(this.#tail.slots === 0 ? [this.#tail] : [])]
    this.options.threads.forget(outgrown.map(tail => tail.part.slab))
    this.#settling = new Tail(this.options.bits)
    if (this.#tail.slots === 0) this.#tail = new Tail(this.options.bits)
    this.#parts = undefined
  }

  #makeShard (): Shard {
    return new Shard(this.options.bits, this.options.threads.contexts)
  }

  #slabs (): Slab[] {
    return [this.#tail.part.slab, this.#settling.part.slab, ...[this.#young, ...this.#old].flatMap(shard => shard.slabs)]
  }
}

function sum<T> (items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
