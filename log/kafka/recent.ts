/** How long Kafka may take to end a transaction that it has said is committed. */
const SETTLE_MS = 5000

/**
 * What this process has committed a moment ago. Kafka answers a commit when it is sure to happen, and shows it some ms
 * later: who asks in between is to wait, for a commit that was answered lies before every end and every position.
 */
export class Recent {
  readonly #offsets = new Map<string, { readonly offset: number, readonly atMs: number }>()

  /** @param of what the offset is of; offsets of one thing grow. */
  note (of: string, offset: number): void {
    this.#offsets.set(of, { offset, atMs: performance.now() })
  }

  /** Whether an answer says less than was committed here, and may say more in a moment. */
  isBehind (of: string, answered: number | undefined): boolean {
    const noted = this.#offsets.get(of)
    if (noted === undefined) return false
    if ((answered ?? 0) < noted.offset && performance.now() - noted.atMs < SETTLE_MS) return true
    this.#offsets.delete(of)
    return false
  }

  /** Forgets what ends so. */
  forget (ending: string): void {
    for (const of of this.#offsets.keys()) if (of.endsWith(ending)) this.#offsets.delete(of)
  }
}
