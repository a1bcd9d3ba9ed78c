import { HammingbirdError, type ErrorCode } from '../errors.js'

/** How jobs of one kind are cut into smaller ones and their results put together again. */
export interface Shape<Job, Result> {
  /** How many items a job holds. 0: it is one whole, and cannot be cut. */
  items (job: Job): number
  /** The job with its items `from` to `to` and no others. */
  slice (job: Job, from: number, to: number): Job
  /** The result of the whole job, from those of its parts, in their order. A part that kills workers is one item, refused. */
  join (job: Job, parts: readonly Part<Result>[]): Result
}

export type Part<Result> =
  | { readonly from: number, readonly to: number, readonly result: Result }
  | { readonly from: number, readonly to: number, readonly refused: ErrorCode, readonly message: string }

/** How often an item may end a worker, alone, before it is refused. Once may be chance: the system was out of memory. */
const DEATHS = 2

/** A stretch of a task's items, on its way to a worker. */
export class Piece<Job, Result> {
  /**
   * @param alone it is to be tried with nothing beside it: a worker ended while it was in hand.
   * @param deaths how often a worker ended on this piece and nothing else.
   */
  constructor (readonly task: Task<Job, Result>, readonly from: number, readonly to: number, public alone = false, public deaths = 0) {}

  get job (): Job {
    const { task, from, to } = this
    return to - from === task.items ? task.job : task.shape.slice(task.job, from, to)
  }

  /**
   * What to do after a worker ended with this piece in hand: the pieces to try next.
   *
   * A piece that was not alone may be innocent, so it is tried alone first. One that was alone is cut: what was behind the
   * worker is innocent, and of the rest the item it hung on by itself, or, after a crash (which may come before the
   * worker could say how far it was), the two halves. One item alone is tried again, then refused; to hang takes long, so
   * the hang that gave an item away counts.
   */
  afterLoss (loss: { readonly code: ErrorCode, readonly message: string, readonly behind: number }, wasAlone: boolean): readonly Piece<Job, Result>[] {
    const { task, from, to } = this
    const hung = loss.code === 'HAMMINGBIRD_WORKER_TIMEOUT'
    if (!wasAlone) {
      this.alone = true
      return [this]
    }
    if (to - from <= 1) {
      this.deaths++
      this.alone = true
      if (this.deaths < DEATHS) return [this]
      if (task.items === 0) {
        task.fail(new HammingbirdError(loss.code, loss.message))
        return []
      }
      task.settle({ from, to, refused: hung ? 'HAMMINGBIRD_IMAGE_TIMEOUT' : 'HAMMINGBIRD_IMAGE_KILLS', message: loss.message })
      return []
    }
    const suspect = Math.min(from + loss.behind, to - 1)
    const cut = hung ? suspect + 1 : suspect + Math.ceil((to - suspect) / 2)
    const pieces: Piece<Job, Result>[] = []
    if (suspect > from) pieces.push(new Piece(task, from, suspect))
    pieces.push(new Piece(task, suspect, cut, true, hung ? 1 : 0))
    if (cut < to) pieces.push(new Piece(task, cut, to, true))
    return pieces
  }
}

/** What one caller asked for: a job, and the parts of its answer that are there already. */
export class Task<Job, Result> {
  readonly items: number
  readonly answer: Promise<Result>
  #parts: Part<Result>[] = []
  #covered = 0
  #resolve: (result: Result) => void = () => {}
  #reject: (err: unknown) => void = () => {}
  #over = false

  constructor (readonly job: Job, readonly lane: number, readonly shape: Shape<Job, Result>, readonly beat?: () => void) {
    this.items = shape.items(job)
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whether nobody waits any more: it failed, or was given up. */
  get over (): boolean {
    return this.#over
  }

  whole (): Piece<Job, Result> {
    return new Piece(this, 0, this.items)
  }

  /** Takes in one part; with the last one, the task is answered. */
  settle (part: Part<Result>): void {
    if (this.#over) return
    this.#parts.push(part)
    this.#covered += part.to - part.from
    if (this.#covered < this.items) return
    this.#over = true
    const [first] = this.#parts
    if (this.#parts.length === 1 && first !== undefined && 'result' in first) return this.#resolve(first.result)
    try {
      this.#resolve(this.shape.join(this.job, this.#parts.sort((a, b) => a.from - b.from)))
    } catch (err) {
      this.#reject(err)
    }
  }

  fail (err: unknown): void {
    this.#over = true
    this.#reject(err)
  }
}
