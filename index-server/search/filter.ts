import type { StoredItem } from '../store/collection-store.js'

/** Holds for an image when every part that is given holds. */
export interface ItemFilter {
  /** At least one of these. */
  readonly anyLabels?: readonly string[]
  /** Every one of these. */
  readonly allLabels?: readonly string[]
  /** None of these. */
  readonly noLabels?: readonly string[]
  /** Captured from here on, Unix time. An image without a time of capture is in no range. */
  readonly capturedFromMs?: number
  /** Captured before this, Unix time. */
  readonly capturedBeforeMs?: number
  readonly metadata?: readonly MetadataCondition[]
}

/** A condition on one field: it holds for no image without that field. Ranges compare numbers where both sides are, else texts. */
export interface MetadataCondition {
  readonly field: string
  readonly equals?: string
  readonly atLeast?: string
  readonly below?: string
}

/** The first part of a filter that does not hold for an item, in words for people; `undefined` when all hold. */
export function failingPart (filter: ItemFilter, { labels, capturedAtMs, metadata }: Pick<StoredItem, 'labels' | 'capturedAtMs' | 'metadata'>): string | undefined {
  const { anyLabels = [], allLabels = [], noLabels = [], capturedFromMs, capturedBeforeMs } = filter
  if (anyLabels.length > 0 && !anyLabels.some(label => labels.includes(label))) return `any_labels: it has none of ${anyLabels.join(', ')}`
  const lacking = allLabels.find(label => !labels.includes(label))
  if (lacking !== undefined) return `all_labels: it lacks ${lacking}`
  const unwanted = noLabels.find(label => labels.includes(label))
  if (unwanted !== undefined) return `no_labels: it has ${unwanted}`
  if (capturedFromMs !== undefined && !(capturedAtMs !== undefined && capturedAtMs >= capturedFromMs)) return `captured_from: ${timeOf(capturedAtMs)}`
  if (capturedBeforeMs !== undefined && !(capturedAtMs !== undefined && capturedAtMs < capturedBeforeMs)) return `captured_before: ${timeOf(capturedAtMs)}`
  const failing = filter.metadata?.find(condition => !holds(condition, metadata))
  return failing && `metadata: ${failing.field} is ${Object.hasOwn(metadata, failing.field) ? JSON.stringify(metadata[failing.field]) : 'not there'}`
}

/** Whether a filter has any part. */
export function isFilter (filter: ItemFilter | undefined): filter is ItemFilter {
  if (!filter) return false
  const { anyLabels = [], allLabels = [], noLabels = [], metadata = [], capturedFromMs, capturedBeforeMs } = filter
  return anyLabels.length + allLabels.length + noLabels.length + metadata.length > 0 || capturedFromMs !== undefined || capturedBeforeMs !== undefined
}

function holds ({ field, equals, atLeast, below }: MetadataCondition, metadata: Readonly<Record<string, string>>): boolean {
  if (!Object.hasOwn(metadata, field)) return false
  const value = metadata[field]!
  return (equals === undefined || value === equals) &&
    (atLeast === undefined || order(value, atLeast) >= 0) &&
    (below === undefined || order(value, below) < 0)
}

function order (a: string, b: string): number {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return left - right
  return a < b ? -1 : a > b ? 1 : 0
}

function numberOf (text: string): number | undefined {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) ? value : undefined
}

function timeOf (ms: number | undefined): string {
  return ms === undefined ? 'it has no time of capture' : `it was captured at ${new Date(ms).toISOString()}`
}
