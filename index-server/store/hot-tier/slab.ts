import type { Code } from '../../../hamming/code.js'
import { instantiate, type Host, type Kernel } from './kernel.js'
import { ALIVE, CONTEXT, CONTEXTS_AT, MAX_ENTRIES, SLAB, SLAB_AT, wordsOf } from './layout.js'

let nextId = 0

const PAGE_BYTES = 65_536
/** What 32-bit addresses reach. */
const MAX_PAGES = 65_536

/**
 * A memory that holds codes, and the kernel over it. The memory is shared: each thread that works on it opens its own
 * `Slab` over it. It grows and never shrinks, so slabs are used again instead of being made anew.
 */
export class Slab {
  /** Tells slabs apart where the memory itself cannot be compared: in other threads. */
  readonly id = nextId++
  readonly host: Host = { accepts: () => true }
  readonly kernel: Kernel
  /** Views of the whole memory; anew after each `reserve`. */
  u8!: Uint8Array
  u32!: Uint32Array
  f64!: Float64Array

  static create (bits: number, contexts: number): Slab {
    const slab = new Slab(new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true }), contexts)
    slab.reserve(slab.dataAt)
    slab.set(SLAB.words, wordsOf(bits))
    slab.set(SLAB.bits, bits)
    return slab
  }

  constructor (readonly memory: WebAssembly.Memory, readonly contexts: number) {
    this.kernel = instantiate(memory, this.host)
    this.view()
  }

  get bits (): number { return this.get(SLAB.bits) }
  get entries (): number { return this.get(SLAB.entries) }
  get slots (): number { return this.get(SLAB.slots) }
  get tables (): number { return this.get(SLAB.tables) }
  get codeBytes (): number { return this.get(SLAB.words) * 8 }

  /** Where codes and tables may begin: behind the contexts. */
  get dataAt (): number {
    return CONTEXTS_AT + this.contexts * CONTEXT.sizeBytes
  }

  contextAt (thread: number): number {
    return CONTEXTS_AT + thread * CONTEXT.sizeBytes
  }

  get (field: number): number {
    return this.u32[(SLAB_AT + field) >> 2]!
  }

  set (field: number, value: number): void {
    this.u32[(SLAB_AT + field) >> 2] = value
  }

  /** Makes the memory at least so large. Pages that are not written take no room in the machine's. */
  reserve (sizeBytes: number): void {
    const missing = Math.ceil(sizeBytes / PAGE_BYTES) - this.memory.buffer.byteLength / PAGE_BYTES
    if (missing > 0) this.memory.grow(missing)
    this.view()
  }

  /** Sees what another thread has grown. */
  view (): void {
    if (this.u8?.buffer === this.memory.buffer) return
    this.u8 = new Uint8Array(this.memory.buffer)
    this.u32 = new Uint32Array(this.memory.buffer)
    this.f64 = new Float64Array(this.memory.buffer)
  }

  /** Writes a code as its integer, least significant byte first. */
  writeCode (at: number, code: Code): void {
    const { u8, codeBytes } = this
    const last = code.length - 1
    for (let i = 0; i <= last; i++) u8[at + i] = code[last - i]!
    for (let i = last + 1; i < codeBytes; i++) u8[at + i] = 0
  }

  /** Writes the code of an entry to a place of `target`. */
  copyCode (entry: number, target: Uint8Array, to: number): void {
    const { u8 } = this
    const size = this.bits >> 3
    for (let i = 0, at = this.get(SLAB.codes) + entry * this.codeBytes + size - 1; i < size; i++) target[to + i] = u8[at - i]!
  }

  /** How many codes the entries from one up to another stand for. */
  slotsOf (from: number, to: number): number {
    const runs = this.get(SLAB.runs) >> 2
    return runs === 0 ? to - from : this.u32[runs + to]! - this.u32[runs + from]!
  }

  ordinalAt (slot: number): number {
    return this.u32[(this.get(SLAB.ordinals) >> 2) + slot]!
  }

  deletedAt (slot: number): number {
    return this.u32[(this.get(SLAB.deletedAt) >> 2) + slot]!
  }

  /** Marks the slot of an ordinal as removed. @returns whether it is here, and was not removed before. */
  remove (code: Code, ordinal: number, sequence: number): boolean {
    const slot = this.find(code, ordinal)
    if (slot < 0 || this.deletedAt(slot) !== ALIVE) return false
    this.u32[(this.get(SLAB.deletedAt) >> 2) + slot] = sequence
    return true
  }

  protected find (code: Code, ordinal: number): number {
    const scratch = this.contextAt(0) + CONTEXT.code
    this.writeCode(scratch, code)
    return this.kernel.find(SLAB_AT, scratch, ordinal)
  }
}

/** Bytes that a code takes in a slab that is built, at most. */
export function builtBytesPerCode (bits: number): number {
  const codeBytes = wordsOf(bits) * 8
  const tables = Math.ceil(bits / 16)
  // Its own, its run, its ordinal, what removed it; in each further table its entry, and beside it itself where it is narrow.
  return codeBytes + 12 + tables * (3 + (wordsOf(bits) <= 2 ? codeBytes : 0))
}

/** How many codes a slab has addresses for, while it is built and after. */
export function slabCapacity (bits: number): number {
  const building = 2 * (wordsOf(bits) * 8 + 8) + 8
  return Math.min(MAX_ENTRIES, Math.floor(3.75 * 2 ** 30 / Math.max(builtBytesPerCode(bits), building)))
}
