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
    capturedAtMs: readCapturedAt(reader),
    width: reader.number(),
    height: reader.number(),
    format: reader.text(),
    uri: reader.text(),
    labels: reader.texts(),
    metadata: readMetadata(reader)
  }
}

/** Only when it was captured. */
export function capturedAtOfItem (row: Buffer): number | undefined {
  return readCapturedAt(readerAtCapture(row))
}

/** Only the labels. */
export function labelsOfItem (row: Buffer): string[] {
  return readerAtLabels(row).texts()
}

/** Only the metadata. */
export function metadataOfItem (row: Buffer): Record<string, string> {
  const reader = readerAtLabels(row)
  for (let count = reader.number(); count > 0; count--) reader.skip()
  return readMetadata(reader)
}

function readerAtCapture (row: Buffer): RowReader {
  const reader = new RowReader(row)
  reader.skip()
  for (let numbers = 3; numbers > 0; numbers--) reader.number()
  return reader
}

function readerAtLabels (row: Buffer): RowReader {
  const reader = readerAtCapture(row)
  readCapturedAt(reader)
  reader.number()
  reader.number()
  reader.skip()
  reader.skip()
  return reader
}

function readCapturedAt (reader: RowReader): number | undefined {
  return reader.number() === 0 ? undefined : reader.signed()
}

function readMetadata (reader: RowReader): Record<string, string> {
  return Object.fromEntries(Array.from({ length: reader.number() }, () => [reader.text(), reader.text()]))
}
