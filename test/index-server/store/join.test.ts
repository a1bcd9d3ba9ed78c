import test from 'ava'
import fc from 'fast-check'
import { join, type JoinChange } from '../../../index-server/store/join.js'
import type { JoinRecord } from '../../../index-server/store/keys/join-record.js'
import { VERSIONS, histories } from '../../fixtures/collection-history.js'

test('join: what was folded before changes nothing: the very same record comes back', t => {
  fc.assert(fc.property(histories, history => {
    for (const changes of history.values()) {
      const records = new Map<string, JoinRecord | undefined>()
      for (const change of changes) {
        if (!isJoinChange(change)) continue
        const record = fold(records.get(change.id), change)
        records.set(change.id, record)
        if (change.kind !== 'labels') t.is(fold(record, change), record)
      }
      for (const change of changes) if (isJoinChange(change) && change.kind !== 'labels') t.is(fold(records.get(change.id), change), records.get(change.id))
    }
  }))
})

test('join: labels taken back from an unknown id leave nothing', t => {
  const labelled = join(undefined, { kind: 'labels', id: 'a', labels: ['cat'] }, 0, 0)
  t.is(labelled?.state, 'unknown')
  t.is(join(labelled, { kind: 'labels', id: 'a', labels: null }, 0, 0), undefined)
  t.is(join(undefined, { kind: 'labels', id: 'a', labels: null }, 0, 0), undefined)
})

test('join: a swept item is gone, since when is not known: an older one stays refused, a newer one begins a life', t => {
  const item = { labels: [], metadata: {}, uri: '', capturedAtMs: undefined, sha256: new Uint8Array(32), source: { partition: 3, offset: 4 }, publishedAtMs: 1, width: 1, height: 1, format: 'png' }
  const at = (offset: number): JoinChange => ({ kind: 'item', id: 'a', partition: 0, offset, item, picture: undefined })
  const live = join(undefined, at(7), 0, 0)
  const swept = join(live, { kind: 'item-swept', id: 'a' }, 0, 0)
  t.is(swept?.state, 'gone')
  t.deepEqual(swept?.goneSource, { partition: 3, offset: 4 })
  t.is(join(swept, at(7), 0, 0), swept)
  t.is(join(swept, at(8), 0, 0)?.bornAt, 8)
  t.is(join(swept, { kind: 'item-swept', id: 'a' }, 0, 0), swept)
})

function fold (record: JoinRecord | undefined, change: JoinChange): JoinRecord | undefined {
  return join(record, change, 0, 'version' in change ? VERSIONS.indexOf(change.version) + 1 : 0)
}

function isJoinChange (change: { readonly kind: string }): change is JoinChange & { readonly kind: 'item' | 'item-gone' | 'code' | 'code-refused' | 'labels' } {
  return ['item', 'item-gone', 'code', 'code-refused', 'labels'].includes(change.kind)
}
