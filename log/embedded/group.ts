import { HammingbirdError } from '../../errors.js'
import type { JoinOptions } from '../log.js'
import { assign } from './assignment.js'
import { EmbeddedClaim, type ClaimOptions } from './claim.js'
import { Member } from './member.js'
import type { Topic } from './topics.js'

export interface GroupOptions extends Pick<ClaimOptions, 'kv' | 'topics' | 'append'> {
  readonly name: string
  readonly topic: Topic
  /** Called when no member is left. */
  readonly onEmpty: () => void
}

/** A partition in a member's hands, from the moment it is given until its run has ended or was fenced. */
interface Holding {
  readonly member: Member
  /** Not there while the position is read. */
  claim: EmbeddedClaim | undefined
  /** Why it is taken back, once it is. */
  reason: HammingbirdError | undefined
}

/**
 * The members of one group on one topic. All are in this process, as the log is.
 *
 * Everything that happens (a member comes, goes, stalls; a run ends) leads to `#reconcile`, which compares who should
 * have each partition with who has it: takes back what should move, and gives what nobody has. So a partition is given
 * on only when its former run has ended, or was fenced for being silent.
 */
export class Group {
  readonly #options: GroupOptions
  readonly #members = new Set<Member>()
  readonly #holdings = new Map<number, Holding>()
  #reconciling = false
  #again = false

  constructor (options: GroupOptions) {
    this.#options = options
  }

  join (options: JoinOptions): Member {
    const member = new Member(options, () => this.#reconcile())
    this.#members.add(member)
    this.#reconcile()
    return member
  }

  async close (): Promise<void> {
    await Promise.all([...this.#members].map(member => member.close()))
  }

  #reconcile (): void {
    this.#again = true
    if (this.#reconciling) return // an abort's listener may close a member, which leads here
    this.#reconciling = true
    while (this.#again) {
      this.#again = false
      this.#compare()
    }
    this.#reconciling = false
    if (this.#members.size === 0) this.#options.onEmpty()
  }

  #compare (): void {
    const able = [...this.#members].filter(({ leaving, stalled }) => !leaving && stalled === 0)
    const staying = [...this.#holdings].filter(([, { reason }]) => !reason).map(([partition, { member }]) => [partition, member] as const)
    const wanted = assign(this.#options.topic.partitions.length, able, new Map(staying))
    for (const [partition, holding] of this.#holdings) {
      if (!holding.reason && wanted.get(partition) !== holding.member) takeBack(holding)
    }
    for (const [partition, member] of wanted) {
      if (!this.#holdings.has(partition)) this.#give(partition, member)
    }
    const holders = new Set([...this.#holdings.values()].map(({ member }) => member))
    for (const member of this.#members) {
      if (member.leaving && !holders.has(member)) this.#members.delete(member)
    }
  }

  #give (partition: number, member: Member): void {
    const holding: Holding = { member, claim: undefined, reason: undefined }
    this.#holdings.set(partition, holding)
    member.track(this.#work(partition, holding))
  }

  /** The whole life of a claim. Never rejects: what goes wrong ends the member. */
  async #work (partition: number, holding: Holding): Promise<void> {
    const { member } = holding
    const release = () => {
      if (this.#holdings.get(partition) === holding) this.#holdings.delete(partition)
      this.#reconcile()
    }
    let fenced = false
    try {
      const { name, topic, kv, topics, append } = this.#options
      const claim = holding.claim = await EmbeddedClaim.open({
        kv,
        topics,
        topic,
        append,
        group: name,
        partition: topic.partitions[partition]!,
        sessionTimeoutMs: member.sessionTimeoutMs,
        onSilence: reason => {
          fenced = true
          holding.reason = reason
          member.stalled++
          release()
        }
      })
      if (holding.reason) return // taken back before it began
      await member.run(claim)
      claim.end(new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the run of this claim has ended'))
      await taken(claim.signal) // a run that ends by itself is done with the partition: it is not run again
    } catch (err) {
      if (!holding.reason) member.fail(err)
    } finally {
      holding.claim?.end(new HammingbirdError('HAMMINGBIRD_LOG_FENCED', 'the claim has ended'))
      if (fenced) member.stalled--
      release()
    }
  }
}

function takeBack (holding: Holding): void {
  holding.reason = holding.member.leaving
    ? new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the member leaves its group')
    : new HammingbirdError('HAMMINGBIRD_LOG_FENCED', 'the partition is given to another member')
  holding.claim?.abort(holding.reason)
}

function taken (signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
