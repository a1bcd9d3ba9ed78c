import { Metadata, status as grpc, type ServiceError } from '@grpc/grpc-js'
import test from 'ava'
import fc from 'fast-check'
import { errorOf } from '../../../client/error-of.js'
import { codes, HammingbirdError, invalid, notFound, type ErrorCode } from '../../../errors.js'
import { failureOf, statuses } from '../../../index-server/service/status.js'
import { ErrorInfo, RetryInfo } from '../../../proto/gen/google/rpc/error_details.js'
import { Status } from '../../../proto/gen/google/rpc/status.js'

const silent = { error: () => {} }

test('failureOf: a client gets back the error that the server threw, but for its cause', t => {
  for (const code of Object.keys(codes) as ErrorCode[]) {
    const thrown = new HammingbirdError(code, 'as said', {
      cause: new Error('secret'),
      violations: [{ field: 'k', description: 'too large' }],
      resource: { type: 'image', name: 'cat.jpg' }
    })
    const got = errorOf(Object.assign(new Error(), failureOf(thrown, silent, '/x')) as unknown as ServiceError, 'here')
    t.is(got.code, code)
    t.true(got.message.startsWith('as said'))
    t.is(got.retryable, thrown.retryable)
    t.deepEqual(got.violations, thrown.violations)
    t.deepEqual(got.resource, thrown.resource)
  }
})

test('failureOf: the code stands first in the message, and the status is the table\'s', t => {
  const { code, details } = failureOf(notFound('image', 'cat.jpg'), silent, '/x')
  t.is(details, 'HAMMINGBIRD_NOT_FOUND: there is no image "cat.jpg"')
  t.is(code, grpc.NOT_FOUND)
  t.is(Object.values(statuses).filter(status => status === grpc.OK).length, 0)
})

test('failureOf: what may be tried again says so, and when', t => {
  const details = richOf(failureOf(new HammingbirdError('HAMMINGBIRD_BUSY', 'full'), silent, '/x'))
  t.is(ErrorInfo.decode(details.get('ErrorInfo')!).metadata['retryable'], 'true')
  t.true(RetryInfo.decode(details.get('RetryInfo')!).retryDelay!.seconds > 0)
  t.false(richOf(failureOf(invalid('k', 'x'), silent, '/x')).has('RetryInfo'))
})

test('failureOf: of a foreign error the caller learns a reference, and the log everything', t => {
  const logged: [object, string][] = []
  const err = new TypeError('the password is hunter2')
  const failure = failureOf(err, { error: (...line) => logged.push(line) }, '/hammingbird.v1.SearchService/Search')
  t.is(failure.code, grpc.INTERNAL)
  const bytes = Buffer.from(JSON.stringify(failure.metadata.toHttp2Headers()) + failure.metadata.get('grpc-status-details-bin').join('') + failure.details)
  t.false(bytes.includes('hunter2'))
  const [, reference] = /reference ([0-9a-f]{8})$/.exec(failure.details)!
  t.like(logged[0]![0], { err, reference, path: '/hammingbird.v1.SearchService/Search' })
  t.is(ErrorInfo.decode(richOf(failure).get('ErrorInfo')!).metadata['reference'], reference)
})

test('failureOf: whatever it is about, the trailers stay under 8 KiB and can be sent', t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), fc.array(fc.string({ unit: 'binary', maxLength: 2000 }), { maxLength: 30 }), (text, fields) => {
    const { details, metadata } = failureOf(new HammingbirdError('HAMMINGBIRD_INVALID', text + '\ud800', {
      violations: fields.map(field => ({ field, description: text })),
      resource: { type: 'image', name: text }
    }), silent, '/x')
    const trailers = encodeURI(details).length + (metadata.get('grpc-status-details-bin')[0] as Buffer).length * 4 / 3
    t.true(trailers < 8192, String(trailers))
  }))
})

test('errorOf: what gRPC itself reports gets the code it means', t => {
  const said = (code: grpc, details: string) => errorOf(Object.assign(new Error(), { code, details, metadata: new Metadata() }), '1.2.3.4:5')
  t.like(said(grpc.UNAVAILABLE, 'No connection established'), { code: 'HAMMINGBIRD_UNREACHABLE', message: 'no server answers at 1.2.3.4:5' })
  t.is(said(grpc.DEADLINE_EXCEEDED, 'x').code, 'HAMMINGBIRD_DEADLINE')
  t.is(said(grpc.RESOURCE_EXHAUSTED, 'Received message larger than max (2 vs. 1)').code, 'HAMMINGBIRD_MESSAGE_TOO_LARGE')
  t.like(said(grpc.UNKNOWN, 'odd'), { code: 'HAMMINGBIRD_INTERNAL', message: 'UNKNOWN: odd' })
})

function richOf ({ metadata }: { readonly metadata: Metadata }): Map<string, Buffer> {
  const { details } = Status.decode(metadata.get('grpc-status-details-bin')[0] as Buffer)
  return new Map(details.map(({ typeUrl, value }) => [typeUrl.split('.').at(-1)!, value]))
}
