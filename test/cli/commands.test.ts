import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, mkdir, readdir, rm, writeFile, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { exitCodes } from '../../cli/exit-codes.js'
import { hammingbird, MAIN } from '../fixtures/command-line.js'
import { engineWith, jpeg, loopback } from '../fixtures/loopback.js'
import { codeOfImage } from '../fixtures/plain-engine.js'

const folder = await mkdtemp(join(tmpdir(), 'hammingbird-cli-'))
await mkdir(join(folder, 'pets/cats'), { recursive: true })
await mkdir(join(folder, 'pets/.hidden'))
await writeFile(join(folder, 'pets/dog.jpg'), jpeg('dog'))
await writeFile(join(folder, 'pets/cats/tom.jpeg'), jpeg('tom'))
await writeFile(join(folder, 'pets/.hidden/secret.jpg'), jpeg('secret'))
await writeFile(join(folder, 'pets/notes.txt'), 'no picture')
await writeFile(join(folder, 'broken.jpg'), 'no JPEG')
await writeFile(join(folder, 'empty.jpg'), '')
await writeFile(join(folder, 'large.jpg'), Buffer.alloc(16 * 1024 * 1024 + 1))
test.after.always(() => rm(folder, { recursive: true }))

test('publish: a folder by its pictures, ids from there on; then they are found', async t => {
  await using at = await loopback()
  const run = (...args: string[]) => hammingbird(args, { server: at.server.address, cwd: folder })
  const published = await run('publish', 'pets', '--labels', 'pet,animal', '--metadata', 'camera=X 1', '--captured-at', '2026-01-02', '--uri', 'https://pets.example/{id}')
  t.is(published.code, 0, published.stderr)
  t.regex(published.stdout, /^published 2 images\n {2}\S+ {2}at 0@\d\n {2}\S+ {2}at 0@\d\n$/, 'nothing is said of what is set aside, where nothing is')
  t.deepEqual([...at.engine.images.keys()].toSorted(), ['cats/tom.jpeg', 'dog.jpg'])
  const { request } = at.engine.images.get('dog.jpg')!
  t.like(request, { labels: ['pet', 'animal'], metadata: { camera: 'X 1' }, capturedAt: new Date('2026-01-02'), uri: 'https://pets.example/dog.jpg' })

  const found = await run('search', '--image', 'pets/dog.jpg', '-k', '1')
  t.is(found.code, 0, found.stderr)
  const [head, hit, worth] = found.stdout.split('\n')
  t.is(head, 'distance  score  id       labels')
  t.is(hit, '       0  1.000  dog.jpg  pet, animal')
  t.regex(worth!, /^version v0 · complete, .* · scan of 2 codes/)
})

test('publish: what is refused is named on stderr and makes 5; the others are published', async t => {
  await using at = await loopback()
  const ran = await hammingbird(['publish', 'pets', 'empty.jpg', 'large.jpg', 'broken.jpg'], { server: at.server.address, cwd: folder })
  t.is(ran.code, 5)
  t.regex(ran.stdout, /^published 3 images · 2 refused\n(.*\n)*1 set aside, which cannot be found: hammingbird set-aside list\n$/)
  t.deepEqual(ran.stderr.trim().split('\n').toSorted().map(line => line.replace(/: .*/, '')), ['HAMMINGBIRD_IMAGE_TOO_LARGE  large.jpg', 'HAMMINGBIRD_IMAGE_UNREADABLE  broken.jpg', 'HAMMINGBIRD_IMAGE_UNREADABLE  empty.jpg is empty'])
  t.is(at.engine.aside.length, 1, 'broken.jpg is taken, and set aside later')
})

test('publish: what was set aside before is not told again; what is not decoded yet may be', async t => {
  const plain = engineWith({})
  const status = plain.status.bind(plain)
  let lagSeconds = 0
  await using at = await loopback({ engine: Object.assign(plain, { status: async (...args: Parameters<typeof status>) => ({ ...await status(...args), lagSeconds }) }) })
  const run = (...args: string[]) => hammingbird(['publish', ...args], { server: at.server.address, cwd: folder })
  t.regex((await run('broken.jpg')).stdout, /\n1 set aside, which cannot be found: /)
  t.notRegex((await run('pets/dog.jpg')).stdout, /set aside/)
  lagSeconds = 3
  t.regex((await run('pets/dog.jpg')).stdout, /\nnot all is decoded yet; what cannot be is set aside: hammingbird set-aside list\n$/)
})

test('publish --json: a line an image', async t => {
  await using at = await loopback()
  const ran = await hammingbird(['publish', '--json', '--id', 'my dog', 'pets/dog.jpg'], { server: at.server.address, cwd: folder })
  t.deepEqual(ran.json, [{ file: 'pets/dog.jpg', id: 'my dog', position: { topic: 'default.images', partition: 0, offset: 0 } }])
  const refused = await hammingbird(['publish', '--json', 'empty.jpg'], { server: at.server.address, cwd: folder })
  t.is(refused.code, 5)
  t.like(refused.json[0], { file: 'empty.jpg', id: 'empty.jpg', refused: { code: 'HAMMINGBIRD_IMAGE_UNREADABLE', message: 'empty.jpg is empty' } })
})

test('publish -: stdin, under an id of its bytes', async t => {
  await using at = await loopback()
  const ran = await hammingbird(['publish', '-', '--json'], { server: at.server.address, stdin: jpeg('piped') })
  t.regex(String(ran.json[0]?.['id']), /^sha256-[0-9a-f]{32}$/)
  const found = await hammingbird(['search', '--image', '-', '--json'], { server: at.server.address, stdin: jpeg('piped') })
  t.like(found.json[0], { complete: true, hits: [{ id: ran.json[0]!['id'], distance: 0 }] })
})

test('publish: a pipe is refused, not waited for; a folder without pictures is said to be so', async t => {
  await using at = await loopback()
  execFileSync('mkfifo', [join(folder, 'pipe.jpg')])
  t.teardown(() => rm(join(folder, 'pipe.jpg')))
  const pipe = await hammingbird(['publish', 'pipe.jpg'], { server: at.server.address, cwd: folder })
  t.is(pipe.code, 5)
  t.regex(pipe.stderr, /pipe\.jpg is a pipe or a device/)
  await mkdir(join(folder, 'nothing'), { recursive: true })
  const nothing = await hammingbird(['publish', 'nothing'], { server: at.server.address, cwd: folder })
  t.regex(nothing.stdout, /^published nothing: there are no pictures there/)
})

test('publish: two files of one id are refused, nothing is overwritten unseen', async t => {
  await using at = await loopback()
  const ran = await hammingbird(['publish', 'pets', 'pets'], { server: at.server.address, cwd: folder })
  t.is(ran.code, 2)
  t.regex(ran.stderr, /two files would be "(dog.jpg|cats\/tom.jpeg)"/)
})

test('search: pages, counts, filters and codes, as JSON', async t => {
  await using at = await loopback()
  const images = Array.from({ length: 25 }, (_, i) => ({ image: jpeg(i), id: String(i), labels: i % 2 === 0 ? ['even'] : ['odd'] }))
  for await (const _ of at.client.publish(images));
  const run = async (...args: string[]) => {
    const ran = await hammingbird(['search', '--json', ...args], { server: at.server.address })
    t.is(ran.code, 0, ran.stderr)
    return ran.json as { hits: { id: string, labels: string[] }[], count: number, nextPageToken?: string }[]
  }
  const pages = await run('--id', '3', '--radius', '64', '--page-size', '10', '--all')
  t.deepEqual(pages.map(({ hits }) => hits.length), [10, 10, 5])
  t.is(new Set(pages.flatMap(({ hits }) => hits.map(({ id }) => id))).size, 25)
  t.is((await run('--id', '3'))[0]!.hits.length, 10)
  t.is((await run('--id', '3', '--radius', '64', '--count'))[0]!.count, 25)
  const [odd] = await run('--code', Buffer.from(codeOfImage(jpeg(3))).toString('hex'), '--label', 'odd', '-k', '20')
  t.is(odd!.hits[0]!.id, '3')
  t.true(odd!.hits.length === 12 && odd!.hits.every(({ labels }) => labels[0] === 'odd'))
  const [first] = await run('--id', '3', '--radius', '64', '--page-size', '20')
  const [second] = await run('--id', '3', '--radius', '64', '--page-size', '20', '--page-token', first!.nextPageToken!)
  t.is(second!.hits.length, 5)
})

test('search: what is asked for reaches the server', async t => {
  let asked: object | undefined
  const plain = engineWith({})
  const search = plain.search.bind(plain)
  await using at = await loopback({ engine: Object.assign(plain, { search: async (request: Parameters<typeof search>[0]) => {
    asked = request
    return search(request)
  } }) })
  await hammingbird(['search', '--code', '00112233445566aa', '--all-labels', 'a,b', '--without-label', 'c', '--from', '2026-01-01', '--before', '2026-02-01',
    '--where', 'iso>=100', '--where', 'camera=X', '--where', 'f<2', '--version', 'v7', '--rank', 'detail', '--collapse', '--after', '2@17', '-k', '5'], { server: at.server.address })
  t.like(asked, {
    query: { $case: 'code', value: Buffer.from('00112233445566aa', 'hex') },
    k: 5,
    version: 'v7',
    rank: 1,
    collapse: true,
    minPosition: [{ topic: '', partition: 2, offset: 17 }],
    filter: {
      anyLabels: [],
      allLabels: ['a', 'b'],
      noLabels: ['c'],
      capturedFrom: new Date('2026-01-01'),
      capturedBefore: new Date('2026-02-01'),
      metadata: [{ field: 'iso', atLeast: '100' }, { field: 'camera', equals: 'X' }, { field: 'f', below: '2' }]
    }
  } as object)
})

test('search --rank detail: where there is no detail it is said on stderr, once', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish(Array.from({ length: 5 }, (_, i) => ({ image: jpeg(i), id: String(i) }))));
  const run = (...args: string[]) => hammingbird(['search', ...args], { server: at.server.address })
  const byId = await run('--id', '3', '--rank', 'detail', '--radius', '64', '--page-size', '2', '--all')
  t.is(byId.stderr, '--rank detail changes nothing here: version v0 has no detail features of this image; what is equally near is in order of the newest\n')
  const byCode = await run('--code', '0011223344556677', '--rank', 'detail', '--json')
  t.regex(byCode.stderr, /^--rank detail changes nothing here: a code alone has no detail features; /)
  t.is(byCode.json[0]!['rankedBy'], 'newest')
  t.is((await run('--id', '3')).stderr, '')
})

test('get, labels, delete: an image\'s life', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish([{ id: 'a', image: jpeg(1), labels: ['x'] }, { id: 'b', image: jpeg(2) }]));
  const run = (...args: string[]) => hammingbird(args, { server: at.server.address, cwd: folder })
  t.regex((await run('get', 'a')).stdout, /^id +a\nlabels +x\nformat +jpeg, 1×1\nsha256 +[0-9a-f]{64}\n/)
  t.like((await run('get', 'a', '--json', '--picture', 'kept.jpg')).json[0], { id: 'a', labels: ['x'], codes: { v0: { code: Buffer.from(codeOfImage(jpeg(1))).toString('hex'), stale: false } } } as object)
  t.deepEqual(await readFile(join(folder, 'kept.jpg')), jpeg(1))
  t.is((await run('labels', 'a', 'y', 'z,w')).stdout, 'labels: y, z, w\n')
  t.deepEqual((await run('labels', 'a', '--json')).json, [{ id: 'a', labels: ['y', 'z', 'w'] }])
  await run('labels', 'a', '--none')
  t.is((await run('labels', 'a')).stdout, 'no labels\n')
  await run('labels', 'a', '--reset')
  t.is((await run('labels', 'a')).stdout, 'x\n')
  const nowhere = await run('get', 'a', '--picture', 'nowhere/x.jpg')
  t.is(nowhere.code, 2)
  t.regex(nowhere.stderr, /cannot write nowhere\/x\.jpg: there is no such folder/)
  const unknown = await run('labels', 'nobody', 'x')
  t.is(unknown.code, 4)
  t.regex(unknown.stderr, /there is no image "nobody"; --ahead/)
  t.is((await run('delete', 'a')).stdout, 'deleted 1 id\n')
  const piped = await hammingbird(['delete', '-', '--json'], { server: at.server.address, stdin: 'b\nnobody\n' })
  t.deepEqual(piped.json.map(({ id }) => id), ['b', 'nobody'])
  t.is(at.engine.images.size, 0)
  const gone = await run('get', 'a')
  t.is(gone.code, 4)
  t.is(gone.stderr, 'HAMMINGBIRD_NOT_FOUND  there is no image "a"\n')
})

test('set-aside: list, show, replay', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish(Array.from({ length: 3 }, (_, i) => ({ id: `bad${i}`, image: Buffer.from(`no image ${i}`) }))));
  const run = (...args: string[]) => hammingbird(['set-aside', ...args], { server: at.server.address, cwd: folder })
  const listed = await run('list', '--limit', '2')
  t.deepEqual(listed.stdout.split('\n').map(line => line.split(/ {2,}/)[1]), ['id', 'bad2', 'bad1', undefined])
  t.like((await run('list', '--json', '--code', 'HAMMINGBIRD_IMAGE_UNREADABLE')).json[0], { entries: [{ id: 'bad2', code: 'HAMMINGBIRD_IMAGE_UNREADABLE', imageBytes: 10 }] } as object)
  t.regex((await run('show', 'bad1', '--image', 'bad1.bin')).stdout, /^id +bad1\ncode +HAMMINGBIRD_IMAGE_UNREADABLE\n/)
  t.is(await readFile(join(folder, 'bad1.bin'), 'utf8'), 'no image 1')
  t.regex((await run('show', '0@2')).stdout, /bad2/)
  t.is((await run('show', 'nobody')).code, 4)
  t.deepEqual((await run('replay', 'bad0', '--json')).json.map(({ replayed }) => replayed), [1])
  t.regex((await run('replay', '--all')).stdout, /^replayed 3\n/)
  t.is((await run('replay')).code, 2)
})

test('collections: create, list, show, delete', async t => {
  await using at = await loopback()
  const run = (...args: string[]) => hammingbird(['collections', ...args], { server: at.server.address })
  t.is((await run('create', 'two', '--bits', '128')).code, 0)
  t.is((await run('create', 'two', '--bits', '64')).code, 1, 'there, with other settings')
  t.is((await run('create', 'No')).code, 2)
  t.regex((await run('list')).stdout, /^name +bits +partitions +since \(UTC\)\ndefault +64 .*\ntwo +128 /)
  t.like((await run('show', 'two', '--json')).json[0], { name: 'two', bits: 128 })
  const unsaid = await run('delete', 'two')
  t.is(unsaid.code, 2)
  t.regex(unsaid.stderr, /say --yes/)
  t.is((await run('delete', 'two', '--yes')).code, 0)
  t.is((await run('delete', 'two', '--yes')).code, 4)
  const nowhere = await hammingbird(['publish', 'pets', '--collection', 'two'], { server: at.server.address, cwd: folder })
  t.is(nowhere.code, 4)
})

test('status: once, or until Ctrl-C, which makes 130 and no noise', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish([{ id: 'a', image: jpeg(1) }]));
  const once = await hammingbird(['status'], { server: at.server.address })
  t.regex(once.stdout, /^collection +default\nitems +1 live · 0 set aside\nbehind +caught up\n/)
  t.regex(once.stdout, /\nv0 live +64 +1 +0 +0 +caught up\n/)
  const watched = await hammingbird(['status', '--watch', '--json'], { server: at.server.address, heard: (soFar, kill) => { if (soFar.split('\n').length > 2) kill('SIGINT') } })
  t.is(watched.code, 130)
  t.is(watched.stderr, '')
  t.true(watched.json.length >= 2)
  t.like(watched.json[0], { liveItems: 1, liveVersion: 'v0', logSilentSeconds: 0 })
})

test('status: while Kafka is away it says since when, and that what it says is of then', async t => {
  const plain = engineWith({})
  const status = plain.status.bind(plain)
  await using at = await loopback({ engine: Object.assign(plain, { status: async (...args: Parameters<typeof status>) => ({ ...await status(...args), log: 'kafka', logSilentSeconds: 12.3 }) }) })
  const { stdout } = await hammingbird(['status'], { server: at.server.address })
  t.regex(stdout, /\nbehind +caught up 12 s ago\n/)
  t.regex(stdout, /\nKafka has not answered for 12 s: what is said here is of then\n/)
  t.regex(stdout, /\nv0 live +64 +0 +0 +0 +caught up 12 s ago\n/)
})

test('output: when its reader goes away the command ends quietly', async t => {
  await using at = await loopback()
  for await (const _ of at.client.publish(Array.from({ length: 3000 }, (_, i) => ({ id: `${i}-${'x'.repeat(400)}`, image: jpeg(i) }))));
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../cli/main.js'), 'search', '--id', `0-${'x'.repeat(400)}`, '--radius', '64', '--all', '--page-size', '10', '--json', '--server', at.server.address])
  let stderr = ''
  child.stderr.on('data', (piece: Buffer) => { stderr += piece.toString() })
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise(resolve => child.once('close', resolve))
  t.is(stderr, '')
  t.is(code, 0)
})

test('errors: no server', async t => {
  const ran = await hammingbird(['status', '--server', '127.0.0.1:1'])
  t.is(ran.code, 3)
  t.is(ran.stdout, '')
  t.is(ran.stderr, 'HAMMINGBIRD_UNREACHABLE  no server answers at 127.0.0.1:1  start one: hammingbird up, or hammingbird serve on Kafka; or name another: --server HOST:PORT\n')
})

test('errors: wrong usage says what, suggests, and makes 2, without a server', async t => {
  const cases: [string[], RegExp][] = [
    [['search', '--lable', 'x'], /^HAMMINGBIRD_INVALID {2}unknown option '--lable' {2}did you mean --label\?$/],
    [['serve', '--broker', '127.0.0.1:1'], /^HAMMINGBIRD_INVALID {2}unknown option '--broker' {2}did you mean --brokers\?$/],
    [['explain', '--id', 'x', '--mach', 'y'], /^HAMMINGBIRD_INVALID {2}unknown option '--mach' {2}did you mean --match\?$/],
    [['serve', '--port', '0', '--brokers', '127.0.0.1:99999'], /^HAMMINGBIRD_INVALID {2}--brokers: HOST:PORT/],
    [['serve'], /^HAMMINGBIRD_INVALID {2}required option '--brokers <.*>' not specified {2}see: hammingbird serve --help$/],
    [['log', 'copy'], /^HAMMINGBIRD_INVALID {2}required option '--brokers <.*>' not specified {2}see: hammingbird log copy --help$/],
    [['serch'], /^HAMMINGBIRD_INVALID {2}unknown command 'serch' {2}did you mean search\?$/],
    [['search'], /^HAMMINGBIRD_INVALID {2}give one of --image, --id and --code/],
    [['search', '--code', 'xyz'], /--code: hex digits/],
    [['search', '--id', 'a', '-k', 'many'], /'-k <n>' argument 'many' is invalid.*see: hammingbird search --help/],
    [['search', '--image', 'nowhere.jpg'], /^HAMMINGBIRD_INVALID {2}there is no file "nowhere.jpg"/],
    [['search', '--image', '.'], /\. is a folder/],
    [['search', '--id', 'a', '--count'], /--count: how many within what/],
    [['status', '--server', '127.0.0.1:99999'], /--server .*: HOST:PORT/],
    [['collections', 'create', 'x', '--bits', '7'], /multiple of 8.*see: hammingbird collections create --help/],
    [['get'], /missing required argument 'id'/],
    [['status', '--server', 'nowhere'], /--server .*: HOST:PORT/],
    [['search', '--id', 'a', '--from', 'yesterday'], /It is a time such as/],
    [['search', '--id', 'a', '--where', 'iso<=300'], /--where: name=value, name>=value or name<value/],
    [['explain', '--id', 'a'], /required option '--match <id>' not specified/],
    [['search', '--id', 'a', '--from', '2024-02-30'], /It is a time such as/],
    [['set-aside', 'lst'], /unknown command 'lst' {2}did you mean list\?/]
  ]
  await Promise.all(cases.map(async ([args, expected]) => {
    const { code, stderr, stdout } = await hammingbird(args, { server: '127.0.0.1:1' })
    t.regex(stderr.trim(), expected, args.join(' '))
    t.is(stderr.trim().split('\n').length, 1, `one line, no stack: ${stderr}`)
    t.is(stdout, '')
    t.is(code, 2, args.join(' '))
  }))
})

test('errors: HAMMINGBIRD_DEBUG shows the stack', async t => {
  const { stderr } = await hammingbird(['status', '--server', '127.0.0.1:1'], { env: { HAMMINGBIRD_DEBUG: '1' } })
  t.regex(stderr, /\n +at /)
})

test('help: lists the commands and the exit codes; each command has its own', async t => {
  const { code, stdout } = await hammingbird(['--help'])
  t.is(code, 0)
  for (const [exit, means] of Object.entries(exitCodes)) t.true(stdout.includes(`  ${exit.padEnd(4)} ${means}\n`), exit)
  const help = await hammingbird(['help', 'search'])
  t.is(help.code, 0)
  t.regex(help.stdout, /--radius <bits>/)
  t.notRegex(help.stdout, /default: (false|\[\]|""|0)\)/)
  t.regex((await hammingbird(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('docs/cli.md: has a section for each command, and the exit codes as they are', async t => {
  const doc = await readFile('docs/cli.md', 'utf8')
  const { stdout } = await hammingbird(['--help'])
  const names = [...stdout.split('Commands:\n')[1]!.split('\n\n')[0]!.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name!).filter(name => name !== 'help')
  t.true(names.length > 5)
  for (const name of names) t.regex(doc, new RegExp(`^## ${name}$`, 'm'))
  const rows = doc.split('\n').filter(line => /^\| \d+ \|/.test(line)).map(line => line.slice(2, -2).split(' | '))
  t.deepEqual(rows, Object.entries(exitCodes).map(([code, means]) => [code, means]))
})

test('search: what it waited for is named where it did not come', async t => {
  await using at = await loopback({ engine: engineWith({ search: () => new Promise(() => {}) }) }) // as where the position never comes
  const late = await hammingbird(['search', '--id', 'dog.jpg', '--after', '0@1000000', '--timeout', '1'], { server: at.server.address })
  t.not(late.code, 0, late.stdout)
  t.regex(late.stderr, /^HAMMINGBIRD_DEADLINE {2}no answer in time: --after waits for 0@1000000/)
})

test('codes: exported as a FAISS index with the ids beside it, and searched without a server', async t => {
  await using at = await loopback()
  const run = (...args: string[]) => hammingbird(args, { server: at.server.address, cwd: folder })
  await run('publish', 'pets')
  const exported = await run('codes', 'export', 'pets.faiss', '--json')
  t.is(exported.code, 0, exported.stderr)
  const { codes, bits, ids } = JSON.parse(exported.stdout) as { codes: number, bits: number, ids: string }
  t.is(codes, 2)
  const names = (await readFile(join(folder, ids), 'utf8')).trim().split('\n')
  t.deepEqual(names.toSorted(), ['cats/tom.jpeg', 'dog.jpg'])
  const bytes = await readFile(join(folder, 'pets.faiss'))
  t.is(bytes.length, 33 + 2 * bits / 8)
  const at0 = 33 + names.indexOf('dog.jpg') * bits / 8
  const found = await run('codes', 'search', 'pets.faiss', '--code', bytes.toString('hex', at0, at0 + bits / 8), '-k', '1', '--json')
  t.is(found.code, 0, found.stderr)
  t.deepEqual((JSON.parse(found.stdout) as { hits: unknown }).hits, [{ distance: 0, number: names.indexOf('dog.jpg'), id: 'dog.jpg' }])
  const file = join(folder, ids)
  await writeFile(file, 'dog.jpg\n')
  const another = await run('codes', 'search', 'pets.faiss', '--code', '00'.repeat(bits / 8))
  t.is(another.code, 2)
  t.regex(another.stderr, /pets\.faiss\.ids.*it has 1 lines, pets\.faiss has 2 codes/)
  await rm(file)
  const numbers = await run('codes', 'search', 'pets.faiss', '--code', '00'.repeat(bits / 8), '--json')
  t.deepEqual(Object.keys((JSON.parse(numbers.stdout) as { hits: readonly object[] }).hits[0]!), ['distance', 'number'])
  await writeFile(join(folder, 'equal.codes'), Buffer.from('ffff' + '00ff'.repeat(3), 'hex'))
  const equal = await run('codes', 'search', 'equal.codes', '--bits', '16', '--code', '00ff', '-k', '2', '--json')
  t.deepEqual((JSON.parse(equal.stdout) as { hits: unknown }).hits, [1, 2].map(number => ({ distance: 0, number })), 'of equal ones the first')
  if (process.platform === 'linux' && spawnSync('prlimit', ['--version']).error === undefined) {
    // A limit on the size of files stands for the full disk.
    const limited = await promisify(execFile)('prlimit', ['--fsize=10', process.execPath, MAIN, 'codes', 'export', 'cut.faiss', '--server', at.server.address], { cwd: folder }).catch((err: unknown) => err) as { readonly code?: number, readonly stderr: string }
    t.is(limited.code, 2, limited.stderr)
    t.regex(limited.stderr, /cannot write cut\.faiss/)
    t.deepEqual((await readdir(folder)).filter(name => name.startsWith('cut')), [], 'nothing that is not whole')
  } else t.log('not run: a full disk, for there is no prlimit on this machine')
  const missing = await run('codes', 'search', 'nowhere.faiss', '--code', '00')
  t.not(missing.code, 0)
  t.regex(missing.stderr, /nowhere\.faiss/)
})
