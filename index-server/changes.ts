import { isErrorCode } from '../errors.js'
import type { LogRecord } from '../log/log.js'
import { CodeRecord, ItemRecord, LabelsRecord } from '../proto/gen/hammingbird/v1/log.js'
import { isProgress, readProgress } from '../topics/progress.js'
import { tombstoneSource } from '../topics/item-tombstone.js'
import { readSetAside } from '../topics/set-aside.js'
import type { StoreChange } from './store/collection-store.js'

/** What a record of one of a collection's topics says, in the words of the join. A record that says nothing gives nothing. */
export type ReadChanges = (record: LogRecord) => readonly StoreChange[]

/** @param pictures whether canonical pictures are kept, for people to see. */
export function itemChanges (pictures: boolean): ReadChanges {
  return ({ key, value, partition, offset, headers }) => {
    if (key === null) return []
    if (isProgress(key)) return value === null ? [] : [{ kind: 'progress', version: undefined, partition, ...readProgress(value) }]
    const id = key.toString('utf8')
    if (value === null) return [{ kind: 'item-gone', id, partition, offset, source: tombstoneSource(headers) }]
    const { picture, labels, metadata, uri, capturedAtMs, sha256, sourcePartition, sourceOffset, publishedAtMs, width, height, format } = ItemRecord.decode(value)
    return [{
      kind: 'item',
      id,
      partition,
      offset,
      item: { labels, metadata, uri, capturedAtMs, sha256, source: { partition: sourcePartition, offset: sourceOffset }, publishedAtMs, width, height, format },
      picture: pictures && picture.length > 0 ? picture : undefined
    }]
  }
}

export function codeChanges (version: string): ReadChanges {
  return ({ key, value, partition }) => {
    if (key === null) return []
    if (isProgress(key)) return value === null ? [] : [{ kind: 'progress', version, partition, ...readProgress(value) }]
    const id = key.toString('utf8')
    if (value === null) return [{ kind: 'code-gone', version, id, partition }]
    const { itemOffset, outcome, detail } = CodeRecord.decode(value)
    if (outcome === undefined) return []
    if (outcome.$case === 'code') return [{ kind: 'code', version, id, partition, itemOffset, code: outcome.value, detail: detail.length === 0 ? undefined : detail }]
    return [{ kind: 'code-refused', version, id, partition, itemOffset, refused: isErrorCode(outcome.value) ? outcome.value : 'HAMMINGBIRD_INTERNAL' }]
  }
}

export const labelChanges: ReadChanges = ({ key, value }) => {
  if (key === null) return []
  return [{ kind: 'labels', id: key.toString('utf8'), labels: value === null ? null : LabelsRecord.decode(value).labels }]
}

export const setAsideChanges: ReadChanges = ({ key, value, headers, partition, offset, timestampMs }) => {
  const { code, message, stage, source } = readSetAside(headers)
  if (code === '') return []
  return [{
    kind: 'set-aside',
    entry: {
      partition,
      offset,
      id: key?.toString('utf8') ?? '',
      code,
      message,
      stage,
      sourceTopic: source.topic,
      sourcePartition: source.partition,
      sourceOffset: source.offset,
      atMs: timestampMs,
      imageBytes: value?.length ?? 0
    }
  }]
}
