import type { PartitionId } from './keys.js'

/** One partition of a topic, as the one process that writes it knows it. */
export class Partition implements PartitionId {
  /** No record lies before it. */
  start: number
  /** Everything before it is durable: what readers are shown. */
  end: number
  /** The newest of the marks that tell how old records are (keys.ts); only where records go by age. */
  mark: { readonly offset: number, readonly atMs: number } | undefined
  /** The cleaner has looked at all before it; found anew after a restart. */
  cleanedTo = 0
  /** No tombstone that was looked at waits before it. */
  tombstonesFrom = 0
  /** The offset the next record gets. It never goes back, also when a write failed: what failed may yet be there after a restart. */
  #next: number
  readonly #waiting = new Set<() => void>()

  constructor (readonly topicId: number, readonly number: number, start: number, end: number) {
    this.start = start
    this.end = end
    this.#next = end
  }

  get next (): number {
    return this.#next
  }

  /** Takes the next offset: nobody gets it again. */
  take (): number {
    return this.#next++
  }

  /** Records before `end` are durable now. Writes end in the order in which they were asked for, so there is no hole. */
  publish (end: number): void {
    if (end <= this.end) return
    this.end = end
    this.wake()
  }

  /** Calls back once, at the next change; `cancel` is for who no longer waits. */
  onChange (callback: () => void): () => void {
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }

  wake (): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of waiting) callback()
  }
}
