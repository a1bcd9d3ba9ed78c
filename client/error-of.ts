import { status as grpc, type ServiceError } from '@grpc/grpc-js'
import { codes, HammingbirdError, type ErrorCode, type FieldViolation, type Resource } from '../errors.js'
import { BadRequest, ErrorInfo, ResourceInfo } from '../proto/gen/google/rpc/error_details.js'
import { Status } from '../proto/gen/google/rpc/status.js'

/** What a gRPC status means when no server of ours has said more: gRPC's own, or that of something in between. */
const meanings: Partial<Record<grpc, ErrorCode>> = {
  [grpc.CANCELLED]: 'HAMMINGBIRD_CANCELLED',
  [grpc.INVALID_ARGUMENT]: 'HAMMINGBIRD_INVALID',
  [grpc.DEADLINE_EXCEEDED]: 'HAMMINGBIRD_DEADLINE',
  [grpc.NOT_FOUND]: 'HAMMINGBIRD_NOT_FOUND',
  [grpc.UNIMPLEMENTED]: 'HAMMINGBIRD_NOT_BUILT',
  [grpc.UNAVAILABLE]: 'HAMMINGBIRD_UNREACHABLE'
}

/**
 * The server's error, as it was thrown there: code, message, violations and resource come from the rich details of the
 * status. What gRPC itself reports gets the code it means. The cause is grpc-js's error.
 *
 * @param server the address, for the message when nobody answers there.
 */
export function errorOf (cause: ServiceError, server: string): HammingbirdError {
  const said = readDetails(cause)
  if (said) return said
  const { code, details } = cause
  // HTTP/2's own "enough of you" looks like one of our limits; it is not.
  const meaning = code === grpc.RESOURCE_EXHAUSTED && /larger than/.test(details) ? 'HAMMINGBIRD_MESSAGE_TOO_LARGE' : meanings[code]
  switch (meaning) {
    case 'HAMMINGBIRD_UNREACHABLE': return new HammingbirdError(meaning, `no server answers at ${server}`, { cause })
    case 'HAMMINGBIRD_DEADLINE': return new HammingbirdError(meaning, `${server} did not answer in time`, { cause })
    case undefined: return new HammingbirdError('HAMMINGBIRD_INTERNAL', `${grpc[code] ?? code}: ${details}`, { cause })
    default: return new HammingbirdError(meaning, details, { cause })
  }
}

function readDetails (cause: ServiceError): HammingbirdError | undefined {
  const [bytes] = cause.metadata?.get('grpc-status-details-bin') ?? []
  if (!Buffer.isBuffer(bytes)) return undefined
  let code: ErrorCode | undefined
  let violations: readonly FieldViolation[] = []
  let resource: Resource | undefined
  let message: string
  try {
    const status = Status.decode(bytes)
    message = status.message
    for (const { typeUrl, value } of status.details) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) {
        const { reason, domain } = ErrorInfo.decode(value)
        if (domain === 'hammingbird' && reason in codes) code = reason as ErrorCode
      } else if (typeUrl.endsWith('/google.rpc.BadRequest')) {
        violations = BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({ field, description }))
      } else if (typeUrl.endsWith('/google.rpc.ResourceInfo')) {
        const { resourceType, resourceName } = ResourceInfo.decode(value)
        resource = { type: resourceType as Resource['type'], name: resourceName }
      }
    }
  } catch {
    return undefined // somebody else's details: the status says what it says
  }
  if (code === undefined) return undefined
  const prefix = `${code}: `
  return new HammingbirdError(code, message.startsWith(prefix) ? message.slice(prefix.length) : message, { cause, violations, ...(resource ? { resource } : {}) })
}
