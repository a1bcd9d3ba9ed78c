import test from 'ava'
import fc from 'fast-check'
import type { ModelEvent } from '../../proto/gen/hammingbird/v1/log.js'
import type { Manifest } from '../../registry/manifest.js'
import { applyEvent, initialVersions, type VersionsState } from '../../registry/versions.js'

const v0: Manifest = {
  manifest: 1, version: 'v0', bits: 64, network: 'classical', settings: {}, input: { width: 64, height: 64, fit: 'squash' },
  normalisation: { channels: 'rgb', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] }, detail: 0, files: [], createdMs: 0, provenance: {}
}

function event (expects: number, body: ModelEvent['event']): ModelEvent {
  return { expects, atMs: 0, actor: '', reason: '', event: body }
}

function published (expects: number, version: string): ModelEvent {
  return event(expects, { $case: 'published', value: { manifest: JSON.stringify({ ...v0, version }) } })
}

function moved (expects: number, aliases: Record<string, string>): ModelEvent {
  return event(expects, { $case: 'aliasMoved', value: { kind: 'promote', aliases } })
}

test('versions: without events version 0 is there and live', t => {
  const state = initialVersions(v0)
  t.deepEqual([...state.manifests.keys()], ['v0'])
  t.is(state.aliases.get('live'), 'v0')
})

test('versions: a promotion moves both aliases at once, a rollback moves them back, a retired version is gone', t => {
  let state = initialVersions(v0)
  for (const [offset, next] of [
    published(-1, 'v1'),
    moved(0, { live: 'v1', previous: 'v0' }),
    moved(1, { live: 'v0', previous: 'v1' }),
    moved(2, { previous: '' }),
    event(3, { $case: 'retired', value: { version: 'v1' } })
  ].entries()) state = applyEvent(state, next, offset)
  t.deepEqual([...state.aliases], [['live', 'v0']])
  t.deepEqual([...state.manifests.keys()], ['v0'])
  t.deepEqual([...state.retired.keys()], ['v1'])
})

test('versions: one that is retired takes its aliases with it, but what is live is not retired', t => {
  let state = initialVersions(v0)
  for (const [offset, next] of [published(-1, 'v1'), moved(0, { live: 'v1', previous: 'v0' })].entries()) state = applyEvent(state, next, offset)
  t.is(applyEvent(state, event(1, { $case: 'retired', value: { version: 'v1' } }), 2), state)
  state = applyEvent(state, event(1, { $case: 'retired', value: { version: 'v0' } }), 2)
  t.deepEqual([...state.aliases], [['live', 'v1']])
  t.deepEqual([...state.manifests.keys()], ['v1'])
})

test('versions: of events that expect to follow the same one only the first counts, whoever reads', t => {
  fc.assert(fc.property(fc.array(fc.record({ expects: fc.integer({ min: -1, max: 6 }), version: fc.integer({ min: 1, max: 9 }) }), { maxLength: 12 }), events => {
    const manifests = new Map(Array.from({ length: 10 }, (_, i) => [`v${i}`, { ...v0, version: `v${i}` }]))
    let state: VersionsState = { ...initialVersions(v0), manifests }
    let head = -1
    let live = 'v0'
    for (const [offset, { expects, version }] of events.entries()) {
      state = applyEvent(state, moved(expects, { live: `v${version}` }), offset)
      if (expects !== head) continue
      head = offset
      live = `v${version}`
    }
    t.is(state.aliases.get('live'), live)
    t.is(state.head, head)
  }))
})

test('versions: an alias for a version that is retired or unknown changes nothing', t => {
  let state = initialVersions(v0)
  for (const [offset, next] of [published(-1, 'v1'), event(0, { $case: 'retired', value: { version: 'v1' } })].entries()) state = applyEvent(state, next, offset)
  for (const version of ['v1', 'v7']) t.is(applyEvent(state, moved(1, { live: version, previous: 'v0' }), 2), state)
})
