import { readFileSync } from 'node:fs'
import { status } from '@grpc/grpc-js'
import test from 'ava'
import { codes, type ErrorCode } from '../errors.js'
import { statuses } from '../index-server/service/status.js'

test('errors: docs/errors.md says of each code what the code says, in the same order', t => {
  const rows = readFileSync('docs/errors.md', 'utf8').split('\n')
    .filter(line => line.startsWith('| `HAMMINGBIRD_'))
    .map(line => line.slice(2, -2).split(' | '))
  t.deepEqual(rows.map(row => row.slice(0, 4)), (Object.keys(codes) as ErrorCode[])
    .map(code => [`\`${code}\``, codes[code].retryable ? 'yes' : 'no', status[statuses[code]], codes[code].means]), 'a new code has its row in docs/errors.md, in the place it has in errors.ts')
  for (const row of rows) t.regex(row[4] ?? '', /^[A-Z].*\.$/, `${row[0]}: what to do is a sentence`)
})
