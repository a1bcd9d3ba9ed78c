/**
 * What every part of the system meets in: topics of partitions of records. Kafka keeps this contract, and so does the
 * embedded log on one machine; the graphs cannot tell which they have. The suite in test/suites/log.ts is the contract
 * in tests.
 *
 * - Order: within a partition records have growing offsets. Offsets have gaps (compaction, transactions): nobody
 *   subtracts them.
 * - Readers see committed transactions only, each whole within a partition.
 * - `append` resolves when the records survive a crash.
 * - Errors: `HAMMINGBIRD_LOG_UNAVAILABLE` (retry), `…_LOG_TRUNCATED`, `…_LOG_FENCED`, `…_MESSAGE_TOO_LARGE`,
 *   `…_TOPIC_SETTINGS`, `…_NOT_FOUND` for an unknown topic, `…_NOT_OPEN` after `close`.
 *
 * Offsets are numbers: 2^53 records a partition are out of reach.
 */
export interface Log extends AsyncDisposable {
  readonly kind: 'embedded' | 'kafka'

  /** Makes a topic, or checks that the one there keeps what `spec` asks: `HAMMINGBIRD_TOPIC_SETTINGS` names what does not. */
  createTopic (spec: TopicSpec): Promise<void>
  describeTopic (name: string): Promise<TopicDescription | undefined>
  listTopics (): Promise<readonly string[]>
  /** Records, committed positions and all. A topic that is not there is no error. */
  deleteTopic (name: string): Promise<void>

  /**
   * Appends records, of any topics; a record without `partition` goes to murmur2(key) mod partitions, as kafkajs and
   * Java do, or anywhere when it has no key. Records of one call to one partition keep their order. Not a transaction.
   *
   * @returns the position each record got, in order.
   */
  append (records: readonly NewRecord[]): Promise<readonly Position[]>

  /** Each partition's first offset still there. */
  starts (topic: string): Promise<readonly number[]>
  /** Each partition's end: the offset the next record may get at the earliest. Everything committed lies before it. */
  ends (topic: string): Promise<readonly number[]>
  /** Where a group stands in each partition: the next offset it wants; `undefined` where it has committed nothing. */
  committed (group: string, topic: string): Promise<readonly (number | undefined)[]>

  /** Reads with positions of the caller's own: nothing is committed, no group is joined. */
  read (options: ReadOptions): LogReader

  /**
   * Joins a group and runs `options.run` once for each partition this member is given, until it is lost or the member
   * leaves. Within a group a partition has one claim at a time.
   */
  join (options: JoinOptions): Promise<GroupMember>

  /** Ends members and readers first. Calling it twice is fine. */
  close (): Promise<void>
}

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Header values are bytes; of headers with one name the last counts. */
export type Headers = Readonly<Record<string, Buffer>>

export interface NewRecord {
  readonly topic: string
  /** @default murmur2(key) mod partitions */
  readonly partition?: number
  readonly key: Buffer | null
  /** `null` is a tombstone: in a compacted topic the key is gone. */
  readonly value: Buffer | null
  readonly headers?: Headers
  /** Unix time. @default now */
  readonly timestampMs?: number
}

export interface LogRecord extends Position {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
  readonly timestampMs: number
}

export interface TopicSpec {
  readonly name: string
  /** An existing topic may have more when `partitionsAtLeast` is set: C.images belongs to the user. */
  readonly partitions: number
  readonly partitionsAtLeast?: boolean
  /**
   * - `compact`: the newest record of each key stays for ever; a tombstone goes `deleteRetentionMs` after it was written.
   * - `delete`: records go after `retentionMs`.
   * - `settled`: like `delete`, and a log that can may drop a record once `settledBy` has committed past it.
   * - `forever`: nothing goes.
   */
  readonly cleanup: 'compact' | 'delete' | 'settled' | 'forever'
  readonly settledBy?: string
  /** @default 7 days */
  readonly retentionMs?: number
  /** @default 7 days */
  readonly deleteRetentionMs?: number
  /** A superseded record goes at the latest after this. @default 24 hours */
  readonly maxCompactionLagMs?: number
  /** @default 1 hour */
  readonly segmentMs?: number
  /** Largest value with key and headers. @default 17 MiB */
  readonly maxMessageBytes?: number
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  /** `deleteRetentionMs` as the log has it: how long a reader may be away before it must sweep. */
  readonly deleteRetentionMs: number
  readonly cleanup: TopicSpec['cleanup']
}

export interface ReadOptions {
  readonly topic: string
  /** Partition → the offset to begin at. Only these partitions are read. An offset before the start begins at the start. */
  readonly from: ReadonlyMap<number, number>
  /** Who reads: distinct among the processes of one deployment. Kafka needs a group name a reader. */
  readonly reader: string
}

export interface PollLimits {
  /** @default 500 */
  readonly records?: number
  /** Records past this many bytes wait for the next poll; one record always comes. @default 4 MiB */
  readonly bytes?: number
}

/** A run of records of one partition, in order. */
export interface LogBatch {
  readonly topic: string
  readonly partition: number
  /** May be empty, when only `next` moved. */
  readonly records: readonly LogRecord[]
  /** Where to read on: past the last record and past what follows it that no reader sees. */
  readonly next: number
}

export interface LogReader extends AsyncDisposable {
  /**
   * The next records of one of the partitions, all partitions served in turn. Waits until there are some. One poll at a
   * time. Rejects with `HAMMINGBIRD_LOG_TRUNCATED` when a position lies past the end, with `signal.reason` when aborted
   * (nothing is lost: the next poll goes on), with `HAMMINGBIRD_NOT_OPEN` after `close`.
   */
  poll (limits?: PollLimits, signal?: AbortSignal): Promise<LogBatch>
  close (): Promise<void>
}

export interface JoinOptions {
  readonly group: string
  readonly topic: string
  /**
   * Works one partition. Ends soon after `claim.signal` aborts, and drops what it has not committed. When it rejects
   * otherwise the member ends: `GroupMember.ended` rejects with the error.
   */
  readonly run: (claim: Claim) => Promise<void>
  /** A member that neither polls, commits nor beats for this long loses its claims. @default 10 s */
  readonly sessionTimeoutMs?: number
}

export interface GroupMember extends AsyncDisposable {
  /** Resolves after `close`, rejects with the first error that ended the member. Handle it: it is always observed. */
  readonly ended: Promise<void>
  /** Aborts the claims (reason: `HAMMINGBIRD_NOT_OPEN`), waits for each `run` to end, leaves the group. */
  close (): Promise<void>
}

/** One partition, for as long as this member has it. */
export interface Claim {
  readonly topic: string
  readonly partition: number
  /** Aborts when the partition is lost (reason: `HAMMINGBIRD_LOG_FENCED`) or the member leaves (`HAMMINGBIRD_NOT_OPEN`). */
  readonly signal: AbortSignal
  /**
   * How long the log would have its caller wait after a commit before the next: where what a commit costs does not grow with what is
   * in it, fewer and larger ones do the same work under load. 0 where a commit costs next to nothing.
   */
  readonly restMs: number
  /** The next records, beginning where the group last committed. Waits; rejects with `signal.reason` on loss. */
  poll (limits?: PollLimits): Promise<LogBatch>
  /**
   * Appends `outputs` and moves the group's position in this partition to `next`: both or neither. One commit at a
   * time. `HAMMINGBIRD_LOG_FENCED` when another member has taken the partition over: nothing was written.
   *
   * @returns the positions of `outputs`, in order.
   */
  commit (outputs: readonly NewRecord[], next: number): Promise<readonly Position[]>
  /** Says that the work on what was polled goes on. To be called on real progress, never by a blind timer. */
  beat (): void
}
