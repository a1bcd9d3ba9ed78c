import type { ItemFields } from '../collection-store.js'
import { RowReader, RowWriter } from './row-coding.js'

const writer = new RowWriter()

/**
 * The fields of an item, in this order (`row-coding.ts` says how each is written):
 *
 *     sha256 · source partition, offset · publishedAtMs · 0, or 1 and capturedAtMs ·
 *     width · height · format · uri · labels · count of metadata, then name and value of each
 */
export function encodeItemFields (item: ItemFields): Buffer {
  const { sha256, source, publishedAtMs, capturedAtMs, width, height, format, uri, labels, metadata } = item
  writer.bytes(sha256).number(source.partition).number(source.offset).signed(publishedAtMs)
  if (capturedAtMs === undefined) writer.number(0)
  else writer.number(1).signed(capturedAtMs)
  writer.number(width).number(height).text(format).text(uri).texts(labels)
  const names = Object.keys(metadata)
  writer.number(names.length)
  for (const name of names) writer.text(name).text(metadata[name]!)
  return writer.take()
}

/** `sha256` is a view of the row. */
export function decodeItemFields (row: Buffer): ItemFields {
  const reader = new RowReader(row)
  return {
    sha256: reader.bytes(),
    source: { partition: reader.number(), offset: reader.number() },
    publishedAtMs: reader.signed(),
    capturedAtMs: reader.number() === 0 ? undefined : reader.signed(),
    width: reader.number(),
    height: reader.number(),
    format: reader.text(),
    uri: reader.text(),
    labels: reader.texts(),
    metadata: Object.fromEntries(Array.from({ length: reader.number() }, () => [reader.text(), reader.text()]))
  }
}
