import { HammingbirdError, codeOf } from '../../errors.js'
import type { Operation } from '../../kv/key-value.js'
import type { Claim, LogBatch, NewRecord, PollLimits, Position } from '../log.js'
import { Cursor, type CursorOptions } from './cursor.js'
import { encodeU64, groupKey, readU64 } from './keys.js'
import type { Partition } from './partition.js'
import type { Topic } from './topics.js'

export interface ClaimOptions extends Pick<CursorOptions, 'kv' | 'topics'> {
  readonly group: string
  readonly topic: Topic
  readonly partition: Partition
  readonly append: (records: readonly NewRecord[], beside: readonly Operation[]) => Promise<readonly Position[]>
  readonly sessionTimeoutMs: number
  /** Called when nothing was heard of who works the claim for `sessionTimeoutMs`; the claim is fenced by then. */
  readonly onSilence: (reason: HammingbirdError) => void
}

/**
 * One partition in the hands of one member. Its position is read when it is opened; a group has one claim a partition
 * (group.ts), so nobody else moves it meanwhile.
 *
 * What was in hand when the claim was aborted may still be committed, until its run has ended or it is fenced.
 */
export class EmbeddedClaim implements Claim {
  readonly topic: string
  readonly partition: number
  readonly signal: AbortSignal
  readonly #options: ClaimOptions
  readonly #abort = new AbortController()
  readonly #cursor: Cursor
  #refusal: HammingbirdError | undefined
  /** Polls and commits under way: while one is, silence is ours and not the member's. */
  #busy = 0
  #committing = false
  #heardAtMs = performance.now()
  #timer: NodeJS.Timeout | undefined

  static async open (options: ClaimOptions): Promise<EmbeddedClaim> {
    const position = await options.kv.get(groupKey(options.partition, options.group))
    return new EmbeddedClaim(options, position ? readU64(position) : 0)
  }

  private constructor (options: ClaimOptions, position: number) {
    this.#options = options
    this.topic = options.topic.name
    this.partition = options.partition.number
    this.signal = this.#abort.signal
    this.#cursor = new Cursor({ kv: options.kv, topics: options.topics, topic: this.topic, from: new Map([[this.partition, position]]), ended: this.signal })
    this.#listen(options.sessionTimeoutMs)
  }

  poll (limits?: PollLimits): Promise<LogBatch> {
    return this.#active(() => this.#cursor.poll(limits))
  }

  async commit (outputs: readonly NewRecord[], next: number): Promise<readonly Position[]> {
    const { topic, partition, group, append } = this.#options
    if (this.#refusal) throw this.#refusal
    if (topic.gone) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no topic ${topic.name}`)
    if (this.#committing) throw new TypeError('a commit is under way: one at a time')
    if (!Number.isInteger(next) || next < 0 || next > partition.end) throw new RangeError(`next must be an offset up to the end (${partition.end}), got ${next}`)
    this.#committing = true
    try {
      return await this.#active(() => append(outputs, [{ type: 'put', key: groupKey(partition, group), value: encodeU64(next) }]))
    } catch (err) {
      // Whether it was written is not known, so a second try could write it twice: the position must be read anew.
      if (codeOf(err) === 'HAMMINGBIRD_STORAGE') this.end(new HammingbirdError('HAMMINGBIRD_LOG_FENCED', 'a commit failed on the way to the disk: join again', { cause: err }))
      throw err
    } finally {
      this.#committing = false
    }
  }

  beat (): void {
    this.#heardAtMs = performance.now()
  }

  abort (reason: HammingbirdError): void {
    if (this.signal.aborted) return
    this.beat() // it has the time of a session to end
    this.#abort.abort(reason)
  }

  /** From here on nothing is committed. */
  end (reason: HammingbirdError): void {
    this.#refusal ??= reason
    clearTimeout(this.#timer)
  }

  async #active<T> (work: () => Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
      this.beat()
    }
  }

  #listen (forMs: number): void {
    this.#timer = setTimeout(() => {
      const { sessionTimeoutMs, onSilence } = this.#options
      const leftMs = this.#busy > 0 ? sessionTimeoutMs : this.#heardAtMs + sessionTimeoutMs - performance.now()
      if (leftMs > 0) {
        this.#listen(leftMs)
        return
      }
      const fenced = new HammingbirdError('HAMMINGBIRD_LOG_FENCED', `nothing was heard of who works topic ${this.topic}, partition ${this.partition} for ${sessionTimeoutMs} ms: the partition is given to others`)
      this.end(fenced)
      this.abort(fenced)
      onSilence(fenced)
    }, forMs)
  }
}
