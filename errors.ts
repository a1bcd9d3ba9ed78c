/**
 * Every way this project fails, in a word a program can match on.
 *
 * Codes are API: they never change inside a major version. Messages are for people and may change in any release.
 * A wrong argument is a `TypeError` or `RangeError` without a code: a mistake to fix, not an event to handle.
 */
export const codes = {
  HAMMINGBIRD_NOT_OPEN: { retryable: false, means: 'used before it was open, or after close() began' },
  HAMMINGBIRD_BUSY: { retryable: true, means: 'its queue is full; nothing was accepted' },
  HAMMINGBIRD_LOCKED: { retryable: false, means: 'another process owns the data directory, or serves under the same server id' },
  HAMMINGBIRD_STORAGE: { retryable: true, means: 'the disk refused a read or a write: most often it is full' },
  HAMMINGBIRD_FORMAT: { retryable: false, means: 'stored data is of another format, or damaged' },
  HAMMINGBIRD_INTERNAL: { retryable: false, means: 'a fault of ours; the log has the cause' },

  HAMMINGBIRD_INVALID: { retryable: false, means: 'a request or an option says something that cannot be; the message says what to change' },
  HAMMINGBIRD_NOT_FOUND: { retryable: false, means: 'no such image, collection, version, watch or entry' },
  HAMMINGBIRD_ALREADY_EXISTS: { retryable: false, means: 'the name is taken, by something else' },
  HAMMINGBIRD_IN_USE: { retryable: false, means: 'something runs that needs it: it cannot be deleted now' },
  HAMMINGBIRD_NOT_BUILT: { retryable: false, means: 'named in the API, not built yet' },
  HAMMINGBIRD_DEADLINE: { retryable: true, means: 'the caller\'s deadline passed first' },
  HAMMINGBIRD_CANCELLED: { retryable: false, means: 'the caller went away, or took the request back' },
  HAMMINGBIRD_UNREACHABLE: { retryable: true, means: 'no server answers at that address' },
  HAMMINGBIRD_ADDRESS_IN_USE: { retryable: false, means: 'another process listens at that address' },

  HAMMINGBIRD_IMAGE_UNREADABLE: { retryable: false, means: 'the bytes are no image we can decode' },
  HAMMINGBIRD_IMAGE_FORMAT: { retryable: false, means: 'an image format that is not allowed' },
  HAMMINGBIRD_IMAGE_TOO_LARGE: { retryable: false, means: 'more bytes or more pixels than the limits allow' },
  HAMMINGBIRD_IMAGE_TIMEOUT: { retryable: false, means: 'decoding took longer than an image may' },
  HAMMINGBIRD_IMAGE_KILLS: { retryable: false, means: 'a worker died on this image, alone and more than once' },
  HAMMINGBIRD_IMAGE_ID: { retryable: false, means: 'an image id is UTF-8, 1-512 bytes, without control characters' },
  HAMMINGBIRD_NO_PICTURE: { retryable: false, means: 'codes were given in place of the image, and none for this version' },

  HAMMINGBIRD_CODE_WIDTH: { retryable: false, means: 'a code has another width than the table it is for' },
  HAMMINGBIRD_WORKER_LOST: { retryable: true, means: 'a worker process died with work in hand' },
  HAMMINGBIRD_WORKER_TIMEOUT: { retryable: true, means: 'a worker process did not answer in time and was ended' },

  HAMMINGBIRD_LOG_TRUNCATED: { retryable: false, means: 'a stored position lies past the end of its topic: the topic was made anew' },
  HAMMINGBIRD_LOG_FENCED: { retryable: true, means: 'another member has taken this partition over' },
  HAMMINGBIRD_LOG_UNAVAILABLE: { retryable: true, means: 'the log did not answer' },
  HAMMINGBIRD_TOPIC_SETTINGS: { retryable: false, means: 'a topic has settings that break a guarantee' },
  HAMMINGBIRD_MESSAGE_TOO_LARGE: { retryable: false, means: 'a message is larger than the log takes' },

  HAMMINGBIRD_BACKEND: { retryable: false, means: 'no TensorFlow of the kind asked for: hammingbird doctor says what to do' },
  HAMMINGBIRD_MODEL_INVALID: { retryable: false, means: 'a model\'s files are damaged, lie about themselves, or do not give their recorded outputs' },
  HAMMINGBIRD_TRAINING_DIVERGED: { retryable: false, means: 'the loss of a training step is no number' },
  HAMMINGBIRD_VERSION_NOT_READY: { retryable: true, means: 'this server has not loaded that version yet' },
  HAMMINGBIRD_CONFLICT: { retryable: true, means: 'others changed the same thing at the same time' },
  HAMMINGBIRD_VERSION_RETIRED: { retryable: false, means: 'the version\'s codes were dropped' },
  HAMMINGBIRD_PAGE_EXPIRED: { retryable: false, means: 'the snapshot behind a page token is gone: search again from the start' }
} as const satisfies Record<`HAMMINGBIRD_${string}`, { retryable: boolean, means: string }>

export type ErrorCode = keyof typeof codes

/** What went wrong with one field of a request or an option. */
export interface FieldViolation {
  /** Path of the field, as the caller knows it: `k`, `filter.labels[2]`, `--data`. */
  readonly field: string
  /** What is wrong, and what would be right. */
  readonly description: string
}

/** What an error is about, where it is about one thing: so that a program need not read the message. */
export interface Resource {
  readonly type: 'image' | 'collection' | 'version' | 'watch' | 'set-aside entry'
  readonly name: string
}

export interface HammingbirdErrorOptions extends ErrorOptions {
  readonly violations?: readonly FieldViolation[]
  readonly resource?: Resource
}

/** The one class of our errors: told apart by `code`. The `cause` is for logs and never leaves the process. */
export class HammingbirdError extends Error {
  override readonly name: string = 'HammingbirdError'
  readonly violations: readonly FieldViolation[]
  readonly resource: Resource | undefined

  constructor (readonly code: ErrorCode, message: string, options: HammingbirdErrorOptions = {}) {
    super(message, options)
    this.violations = options.violations ?? []
    this.resource = options.resource
  }

  /** Whether the same call may succeed later, with nothing changed by the caller. */
  get retryable (): boolean {
    return codes[this.code].retryable
  }
}

/** A code met a table of another width: most often, a model was swapped and its table was not. */
export class CodeWidthError extends HammingbirdError {
  override readonly name = 'CodeWidthError'

  constructor (readonly expectedBits: number, readonly actualBits: number) {
    super('HAMMINGBIRD_CODE_WIDTH', `expected a code of ${expectedBits} bits, got ${actualBits}`)
  }
}

/** A request or an option that cannot be: `field` says which, `description` what would be right. */
export function invalid (field: string, description: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_INVALID', `${field}: ${description}`, { violations: [{ field, description }] })
}

/** There is no such thing: the error names it, in its message and as its resource. */
export function notFound (type: Resource['type'], name: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_NOT_FOUND', `there is no ${type} ${JSON.stringify(name)}`, { resource: { type, name } })
}

/** The code of an error, ours or foreign. A foreign one is `HAMMINGBIRD_INTERNAL`. Never throws. */
export function codeOf (err: unknown): ErrorCode {
  return err instanceof HammingbirdError ? err.code : 'HAMMINGBIRD_INTERNAL'
}

export function isErrorCode (text: string): text is ErrorCode {
  return Object.hasOwn(codes, text)
}
