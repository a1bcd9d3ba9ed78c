import { HammingbirdError, codeOf } from '../../errors.js'
import type { Operation } from '../../kv/key-value.js'
import type { Claim, LogBatch, NewRecord, PollLimits, Position } from '../log.js'
import { Cursor, type CursorOptions } from './cursor.js'
import { encodeU64, groupKey, readU64 } from './keys.js'
import type { Partition } from './partition.js'
import { putPartition, type Topic } from './topics.js'

export interface ClaimOptions extends Pick<CursorOptions, 'kv' | 'topics'> {
  readonly group: string
  readonly topic: Topic
  readonly partition: Partition
  readonly append: (records: readonly NewRecord[], beside: readonly Operation[]) => Promise<readonly Position[]>
  readonly sessionTimeoutMs: number
  /** Called when nothing was heard of who works the claim for `sessionTimeoutMs`; the claim is fenced by then. */
  readonly onSilence: (reason: HammingbirdError) => void
}

/** Silence is counted in ticks, not by the clock: a process that stood still for a while heard nobody, but missed one tick only. */
const TICKS = 4

/**
 * One partition in the hands of one member. Its position is read when it is opened; a group has one claim a partition
 * (group.ts), so nobody else moves it meanwhile.
 *
 * What was in hand when the claim was aborted may still be committed, until its run has ended or it is fenced.
 */
export class EmbeddedClaim implements Claim {
  readonly restMs = 0
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
  #silentTicks = 0
  readonly #timer: NodeJS.Timeout

  static async open (options: ClaimOptions): Promise<EmbeddedClaim> {
    const { kv, topic, partition, group } = options
    assertThere(topic)
    await kv.write([putPartition(partition)]) // behind a former claim's last commit, also one the disk refused: only a write shows what is left of it
    const position = await kv.get(groupKey(partition, group))
    return new EmbeddedClaim(options, position ? readU64(position) : 0)
  }

  private constructor (options: ClaimOptions, position: number) {
    this.#options = options
    this.topic = options.topic.name
    this.partition = options.partition.number
    this.signal = this.#abort.signal
    this.#cursor = new Cursor({ kv: options.kv, topics: options.topics, topic: this.topic, from: new Map([[this.partition, position]]), ended: this.signal })
    this.#timer = setInterval(() => this.#tick(), options.sessionTimeoutMs / TICKS)
  }

  poll (limits?: PollLimits): Promise<LogBatch> {
    return this.#active(() => this.#cursor.poll(limits))
  }

  async commit (outputs: readonly NewRecord[], next: number): Promise<readonly Position[]> {
    const { topic, partition, group, append } = this.#options
    if (this.#refusal) throw this.#refusal
    assertThere(topic)
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
    this.#silentTicks = 0
  }

  abort (reason: HammingbirdError): void {
    if (this.signal.aborted) return
    this.beat() // it has the time of a session to end
    this.#abort.abort(reason)
  }

  /** From here on nothing is committed. */
  end (reason: HammingbirdError): void {
    this.#refusal ??= reason
    clearInterval(this.#timer)
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

  #tick (): void {
    this.#silentTicks = this.#busy > 0 ? 0 : this.#silentTicks + 1
    if (this.#silentTicks < TICKS) return
    const { sessionTimeoutMs, onSilence } = this.#options
    const fenced = new HammingbirdError('HAMMINGBIRD_LOG_FENCED', `nothing was heard of who works topic ${this.topic}, partition ${this.partition} for ${sessionTimeoutMs} ms: the partition is given to others`)
    this.end(fenced)
    this.abort(fenced)
    onSilence(fenced)
  }
}

function assertThere ({ name, gone }: Topic): void {
  if (gone) throw new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no topic ${name} any more`)
}
