import { connect, type ServerHttp2Session } from 'node:http2'
import { once } from 'node:events'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import test from 'ava'
import fc from 'fast-check'
import { keepStreamsYoung, OpenStreams } from '../../../index-server/service/open-streams.js'

test('open streams: what a Map says of the same, also where streams go while they are gone through', t => {
  const id = fc.nat(12)
  const step = fc.oneof(fc.record({ set: id }), fc.record({ delete: id }), fc.record({ get: id }))
  fc.assert(fc.property(fc.array(step, { size: '+1' }), steps => {
    const [ours, map] = [new OpenStreams<string>(), new Map<number, string>()]
    for (const step of steps) {
      if ('set' in step) {
        map.set(step.set, `stream ${step.set}`)
        t.is(ours.set(step.set, `stream ${step.set}`), ours)
      } else if ('delete' in step) t.is(ours.delete(step.delete), map.delete(step.delete))
      else t.is(ours.get(step.get), map.get(step.get))
      t.is(ours.size, map.size)
    }
    const visited: [number, string][] = []
    ours.forEach((stream, id) => {
      visited.push([id, stream])
      ours.delete(id)
    })
    t.deepEqual(visited.sort(([a], [b]) => a - b), [...map].sort(([a], [b]) => a - b))
    t.is(ours.size, 0)
  }))
})

test('open streams: each connection of a server keeps its streams so', async t => {
  const server = new Server()
  t.teardown(() => server.forceShutdown())
  const port = await new Promise<number>((resolve, reject) => server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (err, port) => { if (err) reject(err); else resolve(port) }))
  const [http2] = (server as unknown as { http2Servers: Map<import('node:http2').Http2Server, unknown> }).http2Servers.keys()
  keepStreamsYoung(server)
  const connected = once(http2!, 'session') as Promise<[ServerHttp2Session]>
  const client = connect(`http://127.0.0.1:${port}`)
  t.teardown(() => client.destroy())
  const [session] = await connected
  const state = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const { streams } = (session as unknown as Record<symbol, { streams: OpenStreams<unknown> }>)[state!]!
  t.true(streams instanceof OpenStreams)
  const call = client.request({ ':method': 'POST', ':path': '/nobody/knows', 'content-type': 'application/grpc' })
  const opened = once(http2!, 'stream')
  await opened
  t.is(streams.size, 1)
  call.close()
  await once(call, 'close')
  while (streams.size > 0) await new Promise(resolve => setImmediate(resolve))
  t.is(streams.size, 0)
})
