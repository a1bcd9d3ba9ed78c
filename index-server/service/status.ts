import { randomBytes } from 'node:crypto'
import { Metadata, status as grpc } from '@grpc/grpc-js'
import { HammingbirdError, type ErrorCode } from '../../errors.js'
import { BadRequest, ErrorInfo, ResourceInfo, RetryInfo } from '../../proto/gen/google/rpc/error_details.js'
import { Status } from '../../proto/gen/google/rpc/status.js'

/** The gRPC status that each code travels under: for clients that know no codes of ours. A new code without one does not compile. */
export const statuses: Record<ErrorCode, grpc> = {
  HAMMINGBIRD_NOT_OPEN: grpc.UNAVAILABLE,
  HAMMINGBIRD_BUSY: grpc.RESOURCE_EXHAUSTED,
  HAMMINGBIRD_LOCKED: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_STORAGE: grpc.UNAVAILABLE,
  HAMMINGBIRD_FORMAT: grpc.DATA_LOSS,
  HAMMINGBIRD_BACKEND: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_INTERNAL: grpc.INTERNAL,

  HAMMINGBIRD_INVALID: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_NOT_FOUND: grpc.NOT_FOUND,
  HAMMINGBIRD_ALREADY_EXISTS: grpc.ALREADY_EXISTS,
  HAMMINGBIRD_IN_USE: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_NOT_BUILT: grpc.UNIMPLEMENTED,
  HAMMINGBIRD_DEADLINE: grpc.DEADLINE_EXCEEDED,
  HAMMINGBIRD_CANCELLED: grpc.CANCELLED,
  HAMMINGBIRD_UNREACHABLE: grpc.UNAVAILABLE,
  HAMMINGBIRD_ADDRESS_IN_USE: grpc.FAILED_PRECONDITION,

  HAMMINGBIRD_IMAGE_UNREADABLE: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_IMAGE_FORMAT: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_IMAGE_TOO_LARGE: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_IMAGE_TIMEOUT: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_IMAGE_KILLS: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_IMAGE_ID: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_NO_PICTURE: grpc.FAILED_PRECONDITION,

  HAMMINGBIRD_CODE_WIDTH: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_WORKER_LOST: grpc.UNAVAILABLE,
  HAMMINGBIRD_WORKER_TIMEOUT: grpc.UNAVAILABLE,

  HAMMINGBIRD_LOG_TRUNCATED: grpc.DATA_LOSS,
  HAMMINGBIRD_LOG_FENCED: grpc.ABORTED,
  HAMMINGBIRD_LOG_UNAVAILABLE: grpc.UNAVAILABLE,
  HAMMINGBIRD_TOPIC_SETTINGS: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_MESSAGE_TOO_LARGE: grpc.INVALID_ARGUMENT,

  HAMMINGBIRD_MODEL_INVALID: grpc.INVALID_ARGUMENT,
  HAMMINGBIRD_VERSION_NOT_READY: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_CONFLICT: grpc.ABORTED,
  HAMMINGBIRD_TRAINING_DIVERGED: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_VERSION_RETIRED: grpc.FAILED_PRECONDITION,
  HAMMINGBIRD_PAGE_EXPIRED: grpc.FAILED_PRECONDITION
}

/** What a server logs with; pino's loggers fit. */
export interface ServiceLog {
  error (fields: object, message: string): void
}

/** How a call ends that failed: what grpc-js takes. */
export interface Failure {
  readonly code: grpc
  readonly details: string
  readonly metadata: Metadata
}

/** When a caller may try again, at the soonest, after an error that is retryable. */
const RETRY_SECONDS = 1
// Some HTTP/2 stacks take no more than 8 KiB of trailers: what goes over is cut, never the code. In bytes.
const MAX_MESSAGE = 600
const MAX_VIOLATIONS = 8
const MAX_FIELD = 120
const MAX_DESCRIPTION = 200

/**
 * An error as a caller sees it: the code first in the message, for tools that show only messages, and google.rpc.Status
 * in `grpc-status-details-bin`, for programs. A foreign error is `HAMMINGBIRD_INTERNAL` with a reference, under which
 * `log` has it; no cause ever leaves the process.
 */
export function failureOf (err: unknown, log: ServiceLog, path: string): Failure {
  const ours = err instanceof HammingbirdError
  const reference = ours && err.code !== 'HAMMINGBIRD_INTERNAL' ? undefined : randomBytes(4).toString('hex')
  const error = ours ? err : new HammingbirdError('HAMMINGBIRD_INTERNAL', 'a fault of ours')
  if (reference !== undefined || error.cause !== undefined) log.error({ err, path, reference }, error.message)

  const code = statuses[error.code]
  const details = cut(`${error.code}: ${error.message}${reference === undefined ? '' : `; the server's log has the cause under reference ${reference}`}`, MAX_MESSAGE)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message: details, details: richDetails(error, reference) }).finish()))
  return { code, details, metadata }
}

function richDetails ({ code, retryable, violations, resource }: HammingbirdError, reference: string | undefined): Status['details'] {
  const details = [any('ErrorInfo', ErrorInfo.encode({
    reason: code,
    domain: 'hammingbird',
    metadata: { retryable: String(retryable), ...(reference === undefined ? {} : { reference }) }
  }))]
  if (violations.length > 0) {
    const fieldViolations = violations.slice(0, MAX_VIOLATIONS).map(({ field, description }) =>
      ({ field: cut(field, MAX_FIELD), description: cut(description, MAX_DESCRIPTION), reason: code, localizedMessage: undefined }))
    details.push(any('BadRequest', BadRequest.encode({ fieldViolations })))
  }
  if (retryable) details.push(any('RetryInfo', RetryInfo.encode({ retryDelay: { seconds: RETRY_SECONDS, nanos: 0 } })))
  if (resource) details.push(any('ResourceInfo', ResourceInfo.encode({ resourceType: resource.type, resourceName: cut(resource.name, MAX_MESSAGE), owner: '', description: '' })))
  return details
}

function any (type: string, message: { finish (): Uint8Array }): Status['details'][number] {
  return { typeUrl: `type.googleapis.com/google.rpc.${type}`, value: Buffer.from(message.finish()) }
}

/** At most so many bytes of UTF-8, and well-formed: grpc-js cannot send half a surrogate pair. */
function cut (text: string, bytes: number): string {
  const whole = Buffer.from(text)
  return whole.length <= bytes ? whole.toString() : `${whole.subarray(0, bytes - 3).toString().replace(/\uFFFD$/, '')}…`
}
