import { createHash } from 'node:crypto'
import type { Subject } from './image-query.js'

/** Of an entry beside what it holds: roughly. */
const ENTRY_BYTES = 500

interface Kept {
  readonly subject: Subject
  readonly untilMs: number
  readonly bytes: number
}

/** What is searched for, kept between one page and the next, so that no image is encoded a second time. The oldest go first. */
export class KeptSubjects {
  readonly #kept = new Map<string, Kept>()
  readonly #mostBytes: number
  #bytes = 0

  constructor (mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  get (name: string): Subject | undefined {
    return this.#kept.get(name)?.subject
  }

  /** @param nowMs what was kept until then is let go. */
  keep (name: string, subject: Subject, untilMs: number, nowMs: number): void {
    const known = this.#kept.get(name)
    const bytes = known?.bytes ?? ENTRY_BYTES + subject.code.length + (subject.outputs?.length ?? 0) * 8 + (subject.detail?.length ?? 0)
    this.#drop(name)
    this.#kept.set(name, { subject: known?.subject ?? copyOf(subject, name), untilMs, bytes })
    this.#bytes += bytes
    for (const [oldest, { untilMs }] of this.#kept) {
      if (this.#bytes <= this.#mostBytes && untilMs > nowMs) break
      this.#drop(oldest)
    }
  }

  #drop (name: string): void {
    this.#bytes -= this.#kept.get(name)?.bytes ?? 0
    this.#kept.delete(name)
  }
}

/** Those that were made: every page of a search asks for its subject's. */
const names = new WeakMap<Subject, string>()

/** 12 bytes, base64url: the same for subjects that every search orders the same by. A subject is not changed after it is named. */
export function nameOfSubject (subject: Subject): string {
  const name = names.get(subject) ?? makeName(subject)
  names.set(subject, name)
  return name
}

function makeName ({ code, outputs, detail, ordinal }: Subject): string {
  const hash = createHash('sha256').update(JSON.stringify([code.length, outputs?.length, detail?.length, ordinal])).update(code)
  if (outputs) hash.update(new Uint8Array(Float64Array.from(outputs).buffer))
  if (detail) hash.update(detail)
  return hash.digest().toString('base64url', 0, 12)
}

/** Its own bytes: those of a query are part of larger ones. */
function copyOf ({ code, outputs, detail, ordinal }: Subject, name: string): Subject {
  const copy = {
    code: Uint8Array.from(code),
    ...outputs && { outputs: Float64Array.from(outputs) },
    ...detail && { detail: Uint8Array.from(detail) },
    ...ordinal !== undefined && { ordinal }
  }
  names.set(copy, name)
  return copy
}
