/** A write under way to the disk: operations of one or more callers, which all succeed or all fail. */
interface Gathered<Batch> {
  readonly batch: Batch
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (err: unknown) => void
  sync: boolean
  bytes: number
}

export interface WriteQueueOptions<Batch> {
  readonly begin: () => Batch
  readonly commit: (batch: Batch, sync: boolean) => Promise<void>
}

/** Past this a gathered write is full: it bounds memory, and how long one write may take. */
const FULL_BYTES = 8 * 2 ** 20

/**
 * Writes one batch at a time, and gathers what is asked meanwhile into the next: a disk that syncs 500 times a second
 * still takes any number of small durable writes a second.
 *
 * It is also what keeps order: handed to RocksDB at once, writes would run on the threads of a pool in any order, and
 * syncing ones would leave no thread to read with. After a failure all that was asked for behind it fails too, so a
 * later write never stands without an earlier one.
 */
export class WriteQueue<Batch> {
  readonly #options: WriteQueueOptions<Batch>
  #waiting: Gathered<Batch>[] = []
  #running: Promise<void> | undefined

  constructor (options: WriteQueueOptions<Batch>) {
    this.#options = options
  }

  /** `fill` puts the caller's operations into the batch it is given, whole. */
  write (fill: (batch: Batch) => void, bytes: number, sync: boolean): Promise<void> {
    let last = this.#waiting.at(-1)
    if (last === undefined || last.bytes + bytes > FULL_BYTES) this.#waiting.push(last = gather(this.#options.begin()))
    fill(last.batch)
    return this.#ask(last, bytes, sync)
  }

  /** A batch that was filled before. */
  add (batch: Batch, bytes: number, sync: boolean): Promise<void> {
    const gathered = gather(batch)
    this.#waiting.push(gathered)
    return this.#ask(gathered, bytes, sync)
  }

  #ask (gathered: Gathered<Batch>, bytes: number, sync: boolean): Promise<void> {
    gathered.bytes += bytes
    gathered.sync ||= sync
    this.#running ??= this.#run()
    return gathered.done
  }

  /** Resolves when nothing is in hand. */
  async idle (): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run (): Promise<void> {
    await undefined // what is asked in the same tick goes together
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#options.commit(next.batch, next.sync)
        next.resolve()
      } catch (err) {
        for (const { reject } of [next, ...this.#waiting.splice(0)]) reject(err)
      }
    }
    this.#running = undefined
  }
}

function gather<Batch> (batch: Batch): Gathered<Batch> {
  let resolve!: () => void
  let reject!: (err: unknown) => void
  const done = new Promise<void>((_resolve, _reject) => {
    resolve = _resolve
    reject = _reject
  })
  return { batch, done, resolve, reject, sync: false, bytes: 0 }
}
